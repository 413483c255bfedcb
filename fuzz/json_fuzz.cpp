// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engram/error.hpp"
#include "formats/json.hpp"

/// Any text: a value that is the same after writing and reading it, or FileError.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace engram;
  try {
    const formats::Json json =
        formats::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz.json");
    if (formats::parse_json(formats::write_json(json, "fuzz"), "written") != json) {
      std::abort();
    }
  } catch (const FileError&) {
  }
  return 0;
}
