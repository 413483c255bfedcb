// SPDX-License-Identifier: Apache-2.0
#include "formats/zip_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "formats/bounds.hpp"
#include "formats/byte_reader.hpp"

namespace engram::formats {

namespace {

// Numbers of PKWARE's APPNOTE.TXT 6.3.10: 4.3.7 local header, 4.3.9 data descriptor, 4.3.12
// directory, 4.3.16 end record, 4.4.4 flags, 4.5.3 ZIP64, 4.6.9 Unicode path.
constexpr std::uint64_t kLocalSignature = 0x04034b50, kLocalBytes = 30;
constexpr std::uint64_t kEntrySignature = 0x02014b50, kDirectoryEntryBytes = 46;
constexpr std::uint64_t kEndSignature = 0x06054b50, kEndBytes = 22;
constexpr std::uint64_t kDescriptorSignature = 0x08074b50;
constexpr std::uint64_t kHasDescriptor = 0x0008, kDeflateLevel = 0x0006, kUtf8Names = 0x0800;
constexpr std::uint64_t kStored = 0, kDeflated = 8;
constexpr std::uint64_t kInZip64 = 0xffffffff, kZip64 = 0x0001, kUnicodePath = 0x7075;
constexpr std::uint64_t kTypeOfFile = 0xf000, kRegular = 0x8000, kFolder = 0x4000;
constexpr std::uint64_t kMostMembers = 4096;

/// Relative, of ordinary components, without control characters.
bool is_plain_path(std::string_view name) {
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\\'; };
  if (name.empty() || name.size() > kLongestName || name.front() == '/' ||
      std::any_of(name.begin(), name.end(), is_bad)) {
    return false;
  }
  const std::string framed = fmt::format("/{}/", name);
  return framed.find("/../") == std::string::npos && framed.find("/./") == std::string::npos;
}

class Directory {
 public:
  Directory(std::string_view bytes, std::string_view where) : in_(bytes, where) {}

  std::vector<ZipEntry> read() const {
    in_.require(in_.size() >= kEndBytes, in_.size(), "a zip archive", "too few bytes");
    const std::uint64_t end = in_.size() - kEndBytes;
    in_.require(
        in_.number(end, 4) == kEndSignature, end, "the end record of a zip archive", "other bytes");
    const std::uint64_t count = in_.number(end + 10, 2), start = in_.number(end + 16, 4);
    in_.require(in_.number(end + 4, 4) == 0 && in_.number(end + 8, 2) == count &&
                    in_.number(end + 20, 2) == 0,
                end,
                "an archive in one part without comment",
                "another end record");
    in_.require(count <= kMostMembers,
                end,
                fmt::format("at most {} members", kMostMembers),
                std::to_string(count));
    in_.require(start + in_.number(end + 12, 4) == end,
                end,
                "the directory right before the end record",
                fmt::format("one at {}", start));
    std::vector<ZipEntry> entries;
    std::uint64_t at = start;
    for (std::uint64_t i = 0; i < count; ++i) {
      entries.push_back(read_entry(at));
    }
    in_.require(at == end, at, fmt::format("{} members in the directory", count), "other bytes");
    check_members(entries, start);
    return entries;
  }

 private:
  /// Where the extra field `id` begins within [at, at + length), if it is there.
  std::optional<std::uint64_t> extra(std::uint64_t at,
                                     std::uint64_t length,
                                     std::uint64_t id) const {
    for (const std::uint64_t end = at + length; at < end;) {
      in_.require(end - at >= 4 && in_.number(at + 2, 2) <= end - at - 4,
                  at,
                  "an extra field",
                  "one longer than its room");
      if (in_.number(at, 2) == id) {
        return at + 4;
      }
      at += 4 + in_.number(at + 2, 2);
    }
    return std::nullopt;
  }

  /// The directory's entry at `at`, which moves behind it.
  ZipEntry read_entry(std::uint64_t& at) const {
    in_.require(
        in_.number(at, 4) == kEntrySignature, at, "a member in the directory", "other bytes");
    ZipEntry entry{.name = std::string(in_.text(at + kDirectoryEntryBytes, in_.number(at + 28, 2))),
                   .flags = static_cast<std::uint16_t>(in_.number(at + 8, 2)),
                   .method = static_cast<std::uint16_t>(in_.number(at + 10, 2)),
                   .crc = static_cast<std::uint32_t>(in_.number(at + 16, 4)),
                   .stored = in_.number(at + 20, 4),
                   .size = in_.number(at + 24, 4),
                   .offset = in_.number(at + 42, 4)};
    in_.require(is_plain_path(entry.name), at, "a plain relative name", in_quotes(entry.name));
    const std::uint64_t type = in_.number(at + 38, 4) >> 16 & kTypeOfFile;
    in_.require(type == 0 || type == kRegular || type == kFolder, at, "a file", "a link or device");
    in_.require((entry.flags & ~(kHasDescriptor | kDeflateLevel | kUtf8Names)) == 0,
                at,
                "no encryption or other special storage",
                fmt::format("flags {:#x}", entry.flags));
    in_.require(entry.method == kStored || entry.method == kDeflated,
                at,
                "method 0 or 8",
                std::to_string(entry.method));
    in_.require(entry.method == kDeflated || entry.stored == entry.size,
                at,
                "one size for a stored member",
                fmt::format("{} and {}", entry.stored, entry.size));
    in_.require(may_unfold(entry.stored, entry.size),
                at,
                "a size that the stored bytes can give",
                fmt::format("{} of {}", entry.size, entry.stored));
    in_.require(in_.number(at + 34, 2) == 0, at, "an archive in one part", "a member elsewhere");
    const std::uint64_t extras = at + kDirectoryEntryBytes + entry.name.size(),
                        length = in_.number(at + 30, 2);
    in_.require(!extra(extras, length, kZip64) && !extra(extras, length, kUnicodePath),
                at,
                "no ZIP64 sizes or second name in the directory",
                "one");
    at = extras + length + in_.number(at + 32, 2);
    return entry;
  }

  void check_members(const std::vector<ZipEntry>& entries, std::uint64_t directory) const {
    std::set<std::string_view> names;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const ZipEntry& entry = entries[i];
      in_.require(
          names.insert(entry.name).second, entry.offset, "every name once", in_quotes(entry.name));
      in_.require(i > 0 || entry.offset == 0, 0, "the first member", "other bytes");
      check_member(entry, i + 1 < entries.size() ? entries[i + 1].offset : directory);
      total += entry.size;  // 4096 numbers of 32 bits
    }
    in_.require(total <= kLargestModel && may_unfold(in_.size(), total),
                in_.size(),
                fmt::format("members of {} bytes at most together", kLargestModel),
                fmt::format("{} out of {}", total, in_.size()));
    in_.require(!entries.empty() || directory == 0, 0, "the directory", "other bytes");
  }

  /// The local header agrees with the directory, and the member ends where the `next` begins.
  void check_member(const ZipEntry& entry, std::uint64_t next) const {
    const std::uint64_t at = entry.offset;
    in_.require(in_.number(at, 4) == kLocalSignature, at, "a member's header", "other bytes");
    in_.require(in_.text(at + kLocalBytes, in_.number(at + 26, 2)) == entry.name &&
                    in_.number(at + 6, 2) == entry.flags && in_.number(at + 8, 2) == entry.method,
                at,
                "the name, flags and method of the directory",
                "others");
    const std::uint64_t extras = at + kLocalBytes + entry.name.size(),
                        length = in_.number(at + 28, 2);
    in_.require(!extra(extras, length, kUnicodePath), at, "one name", "a second one");
    std::uint64_t stored = in_.number(at + 18, 4), size = in_.number(at + 22, 4);
    if (const auto zip64 = extra(extras, length, kZip64); zip64 && stored == kInZip64) {
      size = in_.number(*zip64, 8);
      stored = in_.number(*zip64 + 8, 8);
    }
    const bool deferred = entry.flags & kHasDescriptor;
    const auto agrees = [&](std::uint64_t local, std::uint64_t central) {
      return local == central || (deferred && local == 0);
    };
    in_.require(agrees(in_.number(at + 14, 4), entry.crc) && agrees(stored, entry.stored) &&
                    agrees(size, entry.size),
                at,
                "the CRC and sizes of the directory",
                "others");
    const std::uint64_t data = extras + length;
    in_.require(data <= next && entry.stored <= next - data,
                at,
                "members that do not overlap",
                fmt::format("{} bytes before {}", entry.stored, next));
    const std::uint64_t end = data + entry.stored;
    in_.require(deferred ? is_descriptor(end, next - end, entry) : end == next,
                end,
                "the next member or the directory",
                "other bytes");
  }

  /// True when [at, at + length) is the data descriptor of `entry`, in one of its four forms.
  bool is_descriptor(std::uint64_t at, std::uint64_t length, const ZipEntry& entry) const {
    const bool is_signed = length == 16 || length == 24;
    const int width = length >= 20 ? 8 : 4;
    const std::uint64_t crc = at + (is_signed ? 4 : 0);
    return length == (is_signed ? 8u : 4u) + 2 * width &&
           (!is_signed || in_.number(at, 4) == kDescriptorSignature) &&
           in_.number(crc, 4) == entry.crc && in_.number(crc + 4, width) == entry.stored &&
           in_.number(crc + 4 + width, width) == entry.size;
  }

  ByteReader in_;
};

}  // namespace

std::vector<ZipEntry> read_zip_directory(std::string_view bytes, std::string_view where) {
  return Directory(bytes, where).read();
}

}  // namespace engram::formats
