// SPDX-License-Identifier: Apache-2.0
#include "engram/data.hpp"
#include "formats/files.hpp"
#include "formats/npy.hpp"

namespace engram {

Tensor load_npy(const std::string& path) {
  constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 32;
  return formats::read_npy(formats::read_file(path, kLargestFile), path);
}

void save_npy(const std::string& path, const Tensor& tensor) {
  formats::write_file_atomically(path, formats::write_npy(tensor));
}

}  // namespace engram
