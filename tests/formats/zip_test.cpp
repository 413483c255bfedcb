// SPDX-License-Identifier: Apache-2.0
#include "formats/zip.hpp"

#include <gtest/gtest.h>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "formats/bounds.hpp"
#include "formats/files.hpp"
#include "zip_builder.hpp"

namespace engram::formats {
namespace {

constexpr std::uint64_t kHasDescriptor = 0x0008;

const std::vector<ZipMember> kMembers = {
    {"metadata.json", "{}"}, {"model.weights.h5", std::string("\0\1\2", 3)}, {"engram/empty", ""}};

/// 1,000 times 'a', deflated by Python's zlib.compress(..., wbits=-15).
const std::string kManyA("\x4b\x4c\x1c\x05\xa3\x60\x14\x0c\x77\0\0", 11);

ZipParts many_a() {
  ZipParts parts("a.txt", kManyA);
  parts.both(&ZipHeader::method, 8)
      .both(&ZipHeader::size, 1000)
      .both(&ZipHeader::crc, crc32_of(std::string(1000, 'a')));
  return parts;
}

std::string read_only_member(const std::string& bytes) {
  const ZipReader zip(bytes, "t.zip");
  return zip.read(zip.entries().at(0).name, kLargestModel);
}

TEST(WriteZip, IsReadBack) {
  const std::string bytes = write_zip(kMembers);

  const ZipReader zip(bytes, "t.zip");

  ASSERT_EQ(zip.entries().size(), kMembers.size());
  for (std::size_t i = 0; i < kMembers.size(); ++i) {
    EXPECT_EQ(zip.entries()[i].name, kMembers[i].name);
    EXPECT_EQ(zip.read(kMembers[i].name, kLargestModel), kMembers[i].data);
  }
  EXPECT_TRUE(zip.contains("metadata.json"));
  EXPECT_FALSE(zip.contains("metadata"));
}

TEST(WriteZip, GivesTheSameBytesEachTime) { EXPECT_EQ(write_zip(kMembers), write_zip(kMembers)); }

TEST(WriteZip, StoresAndDatesAsKerasDoes) {
  const std::string bytes = write_zip({{"config.json", "{}"}});

  EXPECT_EQ(bytes.substr(8, 6), little_endian(0, 2) + little_endian(0x00210000, 4));
  EXPECT_EQ(bytes.substr(30, 13), "config.json{}");
}

TEST(WriteZip, RefusesANameTwice) {
  EXPECT_THROW(write_zip({{"a", "1"}, {"a", "2"}}), InternalError);
}

TEST(ReadZip, TakesAnEmptyArchive) {
  EXPECT_TRUE(ZipReader(build_zip({}), "t.zip").entries().empty());
}

TEST(ReadZip, UnfoldsDeflatedMembers) {
  EXPECT_EQ(read_only_member(build_zip({many_a()})), std::string(1000, 'a'));
}

TEST(ReadZip, TakesWhatKerasWrote) {
  const std::string bytes =
      read_file(ENGRAM_SOURCE_DIR "/tests/golden/keras/deflated.keras", kLargestModel);

  const ZipReader zip(bytes, "deflated.keras");

  EXPECT_EQ(zip.read("config.json", kLargestModel).front(), '{');
  EXPECT_EQ(zip.read("model.weights.h5", kLargestModel).substr(1, 3), "HDF");
}

TEST(ReadZip, TakesExtraFieldsOfOthers) {
  ZipParts parts("a", "x");
  parts.local.extra = "UT" + little_endian(9, 2) + std::string(9, '\0');
  parts.central.extra = "UT" + little_endian(5, 2) + std::string(5, '\0');
  EXPECT_EQ(read_only_member(build_zip({parts})), "x");
}

TEST(ReadZip, TakesFolders) {
  EXPECT_EQ(ZipReader(build_zip({ZipParts("assets/", "")}), "t.zip").entries().size(), 1u);
}

/// What Python's zipfile writes to a stream that cannot go back.
class DataDescriptor : public testing::TestWithParam<std::string> {};

TEST_P(DataDescriptor, IsTaken) {
  ZipParts parts("a", "xyz");
  parts.both(&ZipHeader::flags, kHasDescriptor);
  parts.local.crc = parts.local.stored = parts.local.size = 0;
  parts.descriptor = GetParam();
  EXPECT_EQ(read_only_member(build_zip({parts})), "xyz");
}

const std::string kCrc = little_endian(crc32_of("xyz"), 4);

INSTANTIATE_TEST_SUITE_P(
    ReadZip,
    DataDescriptor,
    testing::Values(kCrc + little_endian(3, 4) + little_endian(3, 4),
                    "PK\7\x08" + kCrc + little_endian(3, 4) + little_endian(3, 4),
                    kCrc + little_endian(3, 8) + little_endian(3, 8),
                    "PK\7\x08" + kCrc + little_endian(3, 8) + little_endian(3, 8)));

TEST(ReadZip, TakesZip64SizesInTheLocalHeader) {
  ZipParts parts("a", "xyz");
  parts.local.stored = parts.local.size = 0xffffffff;
  parts.local.extra =
      little_endian(1, 2) + little_endian(16, 2) + little_endian(3, 8) + little_endian(3, 8);
  EXPECT_EQ(read_only_member(build_zip({parts})), "xyz");
}

TEST(ReadZip, NamesTheMissingMember) {
  const std::string bytes = write_zip(kMembers);
  EXPECT_ERROR(ZipReader(bytes, "t.keras").read("config.json", kLargestModel),
               FileError,
               "t.keras: 'config.json': expected a member of this name, got none. "
               "The archive is damaged or no model file.");
}

TEST(ReadZip, NamesTheMemberThatIsTooLarge) {
  const std::string bytes = write_zip(kMembers);
  EXPECT_ERROR(ZipReader(bytes, "t.keras").read("metadata.json", 1),
               FileError,
               "t.keras: 'metadata.json': expected at most 1 bytes, got 2. "
               "The archive is damaged or no model file.");
}

}  // namespace
}  // namespace engram::formats
