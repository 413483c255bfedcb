// SPDX-License-Identifier: Apache-2.0
#include "formats/encoding.hpp"

#include <iconv.h>

#include <cstdint>

namespace engram::formats {

namespace {

const iconv_t kNoConverter = reinterpret_cast<iconv_t>(-1);

/// The length of the well-formed sequence that `text` begins with, or 0.
/// Source: Unicode 15.0, table 3-7.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length == 0 || first > 0xf4 || text.size() < length) {
    return 0;
  }
  const std::uint8_t lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const std::uint8_t highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < lowest || byte(1) > highest) {
    return 0;
  }
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  return length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

Gb18030::Gb18030() : converter_(::iconv_open("UTF-8", "GB18030")) {}

Gb18030::~Gb18030() {
  if (converter_ != kNoConverter) {
    ::iconv_close(converter_);
  }
}

std::optional<std::string> Gb18030::to_utf8(std::string_view text) {
  if (converter_ == kNoConverter) {
    return std::nullopt;
  }
  std::string out(text.size() * 2, '\0');       // enough: 2 bytes of GB18030 make at most 4
  char* from = const_cast<char*>(text.data());  // iconv does not write there
  char* to = out.data();
  std::size_t from_left = text.size();
  std::size_t to_left = out.size();
  ::iconv(converter_, nullptr, nullptr, nullptr, nullptr);
  if (::iconv(converter_, &from, &from_left, &to, &to_left) == static_cast<std::size_t>(-1)) {
    return std::nullopt;
  }
  out.resize(out.size() - to_left);
  return out;
}

}  // namespace engram::formats
