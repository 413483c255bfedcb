// SPDX-License-Identifier: Apache-2.0
/// What a zip archive holds, found and checked by our own code before a library sees the bytes.
///
/// Example: for (const ZipEntry& entry : read_zip_directory(bytes, "stock.keras")) { ... }
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace engram::formats {

struct ZipEntry {
  std::string name;
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0;
  std::uint64_t stored = 0;  ///< bytes in the archive
  std::uint64_t size = 0;    ///< bytes when unfolded
  std::uint64_t offset = 0;  ///< of the local header
};

/// The members in the order of the archive. The archive has one end record and no comment; nothing
/// lies before, between or behind the members; local headers and directory agree; no name occurs
/// twice, leads elsewhere or is a link; nothing is encrypted; methods are 0 (stored) and 8
/// (deflate); all members together unfold to 1 GiB at most, and to what deflate can have made of
/// them. Data descriptors and ZIP64 sizes in local headers are accepted: Python writes them to
/// streams. Errors: FileError naming `where` and the byte.
std::vector<ZipEntry> read_zip_directory(std::string_view bytes, std::string_view where);

}  // namespace engram::formats
