// SPDX-License-Identifier: Apache-2.0
#include "formats/zip.hpp"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.hpp"

namespace engram::formats {

namespace {

struct Release {
  void operator()(zip_t* archive) const { zip_discard(archive); }

  void operator()(zip_file_t* member) const { zip_fclose(member); }

  void operator()(zip_source_t* source) const { zip_source_free(source); }
};

using Archive = std::unique_ptr<zip_t, Release>;
using Member = std::unique_ptr<zip_file_t, Release>;
using Source = std::unique_ptr<zip_source_t, Release>;

Archive open_archive(const Source& source, int flags) {
  Archive archive(source ? zip_open_from_source(source.get(), flags, nullptr) : nullptr);
  if (archive) {
    zip_source_keep(source.get());  // the archive gives back one reference, `source` the other
  }
  return archive;
}

/// The unfolded bytes; nothing when libzip finds damage, or another member in that place.
std::optional<std::string> unfold(std::string_view bytes,
                                  zip_uint64_t index,
                                  const ZipEntry& entry) {
  const Source source(zip_source_buffer_create(bytes.data(), bytes.size(), 0, nullptr));
  const Archive archive = open_archive(source, ZIP_RDONLY);
  zip_stat_t found;
  if (!archive || zip_stat_index(archive.get(), index, ZIP_FL_ENC_RAW, &found) != 0 ||
      found.name != entry.name || found.size != entry.size || found.crc != entry.crc) {
    return std::nullopt;
  }
  const Member member(zip_fopen_index(archive.get(), index, 0));
  std::string data(entry.size, '\0');
  char beyond = 0;  // reading to the end makes libzip compare the CRC
  const bool is_whole =
      member && zip_fread(member.get(), data.data(), data.size()) == zip_int64_t(data.size()) &&
      zip_fread(member.get(), &beyond, 1) == 0;
  return is_whole ? std::optional(std::move(data)) : std::nullopt;
}

/// Throws unless `holds`.
void written(bool holds) {
  if (!holds) {
    throw error<InternalError>(
        {.where = "write_zip",
         .expected = "libzip to write the archive",
         .got = "an error",
         .remedy = "Check the memory left, and that each name occurs once."});
  }
}

void add(const Archive& archive, const ZipMember& member) {
  constexpr zip_uint16_t kMidnight = 0, k1980January1 = 1 << 5 | 1;
  Source data(zip_source_buffer(archive.get(), member.data.data(), member.data.size(), 0));
  const zip_int64_t index =
      data ? zip_file_add(archive.get(), member.name.c_str(), data.get(), ZIP_FL_ENC_UTF_8) : -1;
  written(index >= 0);
  data.release();  // now the archive's
  written(zip_set_file_compression(archive.get(), index, ZIP_CM_STORE, 0) == 0 &&
          zip_file_set_dostime(archive.get(), index, kMidnight, k1980January1, 0) == 0);
}

}  // namespace

ZipReader::ZipReader(std::string_view bytes, std::string where)
    : bytes_(bytes), where_(std::move(where)), entries_(read_zip_directory(bytes, where_)) {}

bool ZipReader::contains(std::string_view name) const {
  return std::any_of(
      entries_.begin(), entries_.end(), [&](const ZipEntry& entry) { return entry.name == name; });
}

std::string ZipReader::read(std::string_view name, std::uint64_t largest) const {
  const auto refuse = [&](std::string expected, std::string got) {
    throw error<FileError>({.where = fmt::format("{}: {}", where_, in_quotes(name)),
                            .expected = std::move(expected),
                            .got = std::move(got),
                            .remedy = "The archive is damaged or no model file."});
  };
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const ZipEntry& entry = entries_[i];
    if (entry.name != name) {
      continue;
    }
    if (entry.size > largest) {
      refuse(fmt::format("at most {} bytes", largest), std::to_string(entry.size));
    }
    std::optional<std::string> data = unfold(bytes_, i, entry);
    if (!data) {
      refuse("bytes that agree with their CRC", "others");
    }
    return std::move(*data);
  }
  refuse("a member of this name", "none");
  return "";
}

std::string write_zip(const std::vector<ZipMember>& members) {
  const Source source(zip_source_buffer_create(nullptr, 0, 0, nullptr));
  Archive archive = open_archive(source, ZIP_CREATE | ZIP_TRUNCATE);
  written(archive != nullptr);
  for (const ZipMember& member : members) {
    add(archive, member);
  }
  written(zip_close(archive.get()) == 0);
  archive.release();  // zip_close frees it only when it succeeds
  zip_stat_t stat;
  written(zip_source_stat(source.get(), &stat) == 0 && zip_source_open(source.get()) == 0);
  std::string bytes(stat.size, '\0');
  const zip_int64_t got = zip_source_read(source.get(), bytes.data(), bytes.size());
  zip_source_close(source.get());
  written(got == zip_int64_t(bytes.size()));
  return bytes;
}

}  // namespace engram::formats
