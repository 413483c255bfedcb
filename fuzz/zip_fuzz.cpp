// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engram/error.hpp"
#include "formats/bounds.hpp"
#include "formats/zip.hpp"

/// Any archive: its members, or FileError.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace engram;
  try {
    const formats::ZipReader zip({reinterpret_cast<const char*>(data), size}, "fuzz.zip");
    for (const formats::ZipEntry& entry : zip.entries()) {
      zip.read(entry.name, formats::kLargestModel);
    }
  } catch (const FileError&) {
  }
  return 0;
}
