// SPDX-License-Identifier: Apache-2.0
#include "formats/byte_reader.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "formats/bounds.hpp"

namespace engram::formats {

std::uint64_t ByteReader::number(std::uint64_t at, int width) const {
  const std::string_view digits = text(at, static_cast<std::uint64_t>(width));
  std::uint64_t value = 0;
  for (int i = width - 1; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(digits[i]);
  }
  return value;
}

std::string_view ByteReader::text(std::uint64_t at, std::uint64_t length) const {
  require(lies_within(at, length, bytes_.size()), at, "more bytes", "the end of the file");
  return bytes_.substr(at, length);
}

void ByteReader::refuse(std::uint64_t at, std::string_view expected, std::string_view got) const {
  throw error<FileError>({.where = fmt::format("{}: byte {}", where_, at),
                          .expected = std::string(expected),
                          .got = std::string(got),
                          .remedy = "The file is damaged or of an unsupported kind."});
}

}  // namespace engram::formats
