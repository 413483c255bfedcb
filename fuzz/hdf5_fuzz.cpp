// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engram/error.hpp"
#include "formats/hdf5.hpp"

/// Any file: its arrays, or FileError.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace engram;
  try {
    formats::read_h5({reinterpret_cast<const char*>(data), size}, "fuzz.h5");
  } catch (const FileError&) {
  }
  return 0;
}
