// SPDX-License-Identifier: Apache-2.0
/// Numbers and texts out of bytes that may be damaged: every access is checked.
///
/// Example: const ByteReader in(bytes, "stock.keras");
///          in.require(in.number(0, 4) == kSignature, 0, "a zip archive", "other bytes");
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace engram::formats {

class ByteReader {
 public:
  /// Keeps a view of `bytes`; `where` names them in messages.
  ByteReader(std::string_view bytes, std::string_view where) : bytes_(bytes), where_(where) {}

  std::uint64_t size() const { return bytes_.size(); }

  /// The little-endian number of `width` bytes, 8 at most. Errors: FileError beyond the end.
  std::uint64_t number(std::uint64_t at, int width) const;

  /// Errors: FileError beyond the end.
  std::string_view text(std::uint64_t at, std::uint64_t length) const;

  /// Throws FileError naming the byte unless `holds`.
  void require(bool holds,
               std::uint64_t at,
               std::string_view expected,
               std::string_view got) const {
    if (!holds) {
      refuse(at, expected, got);
    }
  }

 private:
  [[noreturn]] void refuse(std::uint64_t at, std::string_view expected, std::string_view got) const;

  std::string_view bytes_, where_;
};

}  // namespace engram::formats
