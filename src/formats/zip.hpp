// SPDX-License-Identifier: Apache-2.0
/// Zip archives in memory: the container of .keras files. Nothing is unpacked to a disk.
///
/// Example: const ZipReader zip(bytes, "stock.keras");
///          const std::string config = zip.read("config.json", kLargestJson);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/zip_directory.hpp"

namespace engram::formats {

/// An archive whose structure was checked by read_zip_directory.
class ZipReader {
 public:
  /// Keeps a view of `bytes`; `where` names the file in messages. Errors: FileError.
  ZipReader(std::string_view bytes, std::string where);

  /// The members in the order of the archive.
  const std::vector<ZipEntry>& entries() const { return entries_; }

  bool contains(std::string_view name) const;

  /// The bytes of one member, its CRC checked.
  /// Errors: FileError when it is missing, damaged, or larger than `largest`.
  std::string read(std::string_view name, std::uint64_t largest) const;

 private:
  std::string_view bytes_;
  std::string where_;
  std::vector<ZipEntry> entries_;
};

struct ZipMember {
  std::string name;
  std::string data;
};

/// An archive of stored members dated 1980-01-01: the same members give the same bytes.
/// Errors: InternalError when libzip cannot (out of memory, a name twice).
std::string write_zip(const std::vector<ZipMember>& members);

}  // namespace engram::formats
