// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engram/error.hpp"
#include "engram/io.hpp"
#include "engram/model.hpp"
#include "formats/bounds.hpp"
#include "formats/zip.hpp"

namespace {

using namespace engram;

/// A file in memory that has a name.
class MemoryFile {
 public:
  MemoryFile()
      : file_(memfd_create("fuzz.keras", 0)), path_("/proc/self/fd/" + std::to_string(file_)) {}

  const std::string& write(std::string_view bytes) {
    if (ftruncate(file_, 0) != 0 ||
        pwrite(file_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
    return path_;
  }

 private:
  int file_;
  std::string path_;
};

}  // namespace

/// Any file: a model with its summary, or one of the project's own errors.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static MemoryFile file;
  try {
    const Model model = load_model(file.write({reinterpret_cast<const char*>(data), size}));
    if (model.summary().empty()) {
      std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

/// Changes one member of an archive and packs it again with the right sums, so that what lies
/// behind the archive is reached; now and then the archive's own bytes.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data,
                                               std::size_t size,
                                               std::size_t most,
                                               unsigned seed) {
  if (seed % 16 == 0) {
    return LLVMFuzzerMutate(data, size, most);
  }
  try {
    const formats::ZipReader zip({reinterpret_cast<const char*>(data), size}, "fuzz.keras");
    std::vector<formats::ZipMember> members;
    for (const formats::ZipEntry& entry : zip.entries()) {
      members.push_back({entry.name, zip.read(entry.name, formats::kLargestModel)});
    }
    std::string& part = members.at(seed / 16 % members.size()).data;
    const std::size_t before = part.size();
    part.resize(before + 256);
    part.resize(
        LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(part.data()), before, part.size()));
    const std::string packed = formats::write_zip(members);
    if (packed.size() <= most) {
      std::ranges::copy(packed, reinterpret_cast<char*>(data));
      return packed.size();
    }
  } catch (const std::exception&) {
  }
  return LLVMFuzzerMutate(data, size, most);
}
