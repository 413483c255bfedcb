// SPDX-License-Identifier: Apache-2.0
/// Builds zip archives field by field, right or wrong in any of them.
///
/// Example: ZipParts parts{.name = "a", .data = "x"};  parts.central.size = 7;
///          const std::string bytes = build_zip({parts});
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace engram::formats {

/// CRC-32 of zip (ISO 3309), bit by bit.
inline std::uint32_t crc32_of(std::string_view data) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char c : data) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
  }
  return ~crc;
}

/// `value` as `width` bytes.
inline std::string little_endian(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) {
    bytes += static_cast<char>(value >> (8 * i));
  }
  return bytes;
}

/// What one of the two headers of a member says.
struct ZipHeader {
  std::string name;
  std::uint64_t flags = 0, method = 0, crc = 0, stored = 0, size = 0;
  std::string extra;
};

struct ZipParts {
  ZipParts(std::string name, std::string stored_bytes)
      : data(std::move(stored_bytes)),
        local{.name = std::move(name),
              .crc = crc32_of(data),
              .stored = data.size(),
              .size = data.size(),
              .extra = ""},
        central(local) {}

  /// Says `value` in both headers.
  ZipParts& both(std::uint64_t ZipHeader::*field, std::uint64_t value) {
    local.*field = central.*field = value;
    return *this;
  }

  std::string data;
  ZipHeader local, central;
  std::string descriptor;        ///< bytes behind the data
  std::uint64_t attributes = 0;  ///< of Unix: type and permissions
};

/// The fields common to both headers.
inline std::string header_fields(const ZipHeader& h) {
  return little_endian(20, 2) + little_endian(h.flags, 2) + little_endian(h.method, 2) +
         little_endian(0x00210000, 4) + little_endian(h.crc, 4) + little_endian(h.stored, 4) +
         little_endian(h.size, 4) + little_endian(h.name.size(), 2) +
         little_endian(h.extra.size(), 2);
}

/// The archive behind `bytes`, with offsets that count them.
inline std::string build_zip(const std::vector<ZipParts>& members, std::string bytes = "") {
  std::string directory;
  for (const ZipParts& m : members) {
    directory += "PK\1\2" + little_endian(0x031e, 2) + header_fields(m.central) +
                 little_endian(0, 6) + little_endian(m.attributes << 16, 4) +
                 little_endian(bytes.size(), 4) + m.central.name + m.central.extra;
    bytes +=
        "PK\3\4" + header_fields(m.local) + m.local.name + m.local.extra + m.data + m.descriptor;
  }
  const std::uint64_t start = bytes.size();
  return bytes + directory + "PK\5\6" + little_endian(0, 4) + little_endian(members.size(), 2) +
         little_endian(members.size(), 2) + little_endian(directory.size(), 4) +
         little_endian(start, 4) + little_endian(0, 2);
}

}  // namespace engram::formats
