// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>

#include "damage.hpp"
#include "engram/error.hpp"
#include "expect_error.hpp"
#include "formats/bounds.hpp"
#include "formats/zip.hpp"
#include "zip_builder.hpp"

namespace engram::formats {
namespace {

void read_all(const std::string& bytes) {
  const ZipReader zip(bytes, "t.zip");
  for (const ZipEntry& entry : zip.entries()) {
    zip.read(entry.name, kLargestModel);
  }
}

/// 1,000 times 'a', deflated; the headers say that it is `size` bytes.
ZipParts many_a(std::uint64_t size) {
  ZipParts parts("a.txt", std::string("\x4b\x4c\x1c\x05\xa3\x60\x14\x0c\x77\0\0", 11));
  return parts.both(&ZipHeader::method, 8)
      .both(&ZipHeader::size, size)
      .both(&ZipHeader::crc, crc32_of(std::string(1000, 'a')));
}

/// One member with something wrong, and what the message must contain.
struct WrongMember {
  const char* name;
  std::function<void(ZipParts&)> spoil;
  const char* text;
};

class WrongMembers : public testing::TestWithParam<WrongMember> {};

TEST_P(WrongMembers, AreRefused) {
  ZipParts parts("a", "xyz");
  GetParam().spoil(parts);
  try {
    read_all(build_zip({parts}));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const FileError& e) {
    EXPECT_NE(std::string(e.what()).find(GetParam().text), std::string::npos) << e.what();
  }
}

const std::string kCrc = little_endian(crc32_of("xyz"), 4);

INSTANTIATE_TEST_SUITE_P(
    ReadZip,
    WrongMembers,
    testing::Values(
        WrongMember{
            "LocalName", [](ZipParts& p) { p.local.name = "b"; }, "the name, flags and method"},
        WrongMember{
            "LocalMethod", [](ZipParts& p) { p.local.method = 8; }, "the name, flags and method"},
        WrongMember{
            "LocalFlags", [](ZipParts& p) { p.local.flags = 2; }, "the name, flags and method"},
        WrongMember{"LocalCrc", [](ZipParts& p) { ++p.local.crc; }, "the CRC and sizes"},
        WrongMember{"LocalSize", [](ZipParts& p) { ++p.local.size; }, "the CRC and sizes"},
        WrongMember{"LocalStored", [](ZipParts& p) { ++p.local.stored; }, "the CRC and sizes"},
        WrongMember{
            "BothCrc", [](ZipParts& p) { p.both(&ZipHeader::crc, 1); }, "agree with their CRC"},
        WrongMember{"StoredSizes",
                    [](ZipParts& p) { p.both(&ZipHeader::size, 4); },
                    "one size for a stored"},
        WrongMember{"TooLong",
                    [](ZipParts& p) { p.both(&ZipHeader::size, 99).both(&ZipHeader::stored, 99); },
                    "do not overlap"},
        WrongMember{"TooShort",
                    [](ZipParts& p) { p.both(&ZipHeader::size, 2).both(&ZipHeader::stored, 2); },
                    "the next member or the directory"},
        WrongMember{
            "Encrypted", [](ZipParts& p) { p.both(&ZipHeader::flags, 1); }, "no encryption"},
        WrongMember{"StronglyEncrypted",
                    [](ZipParts& p) { p.both(&ZipHeader::flags, 0x41); },
                    "no encryption"},
        WrongMember{"Bzip2", [](ZipParts& p) { p.both(&ZipHeader::method, 12); }, "method 0 or 8"},
        WrongMember{"Aes", [](ZipParts& p) { p.both(&ZipHeader::method, 99); }, "method 0 or 8"},
        WrongMember{"NotDeflated",
                    [](ZipParts& p) { p.both(&ZipHeader::method, 8); },
                    "agree with their CRC"},
        WrongMember{"Link", [](ZipParts& p) { p.attributes = 0120777; }, "a link or device"},
        WrongMember{"Device", [](ZipParts& p) { p.attributes = 0020666; }, "a link or device"},
        WrongMember{"CentralZip64",
                    [](ZipParts& p) {
                      p.central.extra =
                          little_endian(1, 2) + little_endian(8, 2) + little_endian(3, 8);
                    },
                    "no ZIP64 sizes"},
        WrongMember{"SecondName",
                    [](ZipParts& p) {
                      p.local.extra = little_endian(0x7075, 2) + little_endian(6, 2) + "\1....b";
                    },
                    "expected one name"},
        WrongMember{"ExtraTooLong",
                    [](ZipParts& p) { p.central.extra = "UT" + little_endian(99, 2); },
                    "an extra field"},
        WrongMember{"NoDescriptor",
                    [](ZipParts& p) { p.both(&ZipHeader::flags, 8); },
                    "the next member or the directory"},
        WrongMember{"DescriptorSize",
                    [](ZipParts& p) {
                      p.both(&ZipHeader::flags, 8);
                      p.descriptor = kCrc + little_endian(3, 4) + little_endian(4, 4);
                    },
                    "the next member or the directory"}),
    [](const auto& test) { return test.param.name; });

class WrongNames : public testing::TestWithParam<std::string> {};

TEST_P(WrongNames, AreRefused) {
  EXPECT_THROW(read_all(build_zip({ZipParts(GetParam(), "x")})), FileError);
}

INSTANTIATE_TEST_SUITE_P(ReadZip,
                         WrongNames,
                         testing::Values("",
                                         "/etc/passwd",
                                         "../a",
                                         "a/../../b",
                                         "a/..",
                                         "./a",
                                         "a\\b",
                                         std::string("a\0b", 3),
                                         "a\nb",
                                         std::string(513, 'a')));

TEST(ReadZip, RefusesANameTwice) {
  EXPECT_ERROR(read_all(build_zip({ZipParts("a", "x"), ZipParts("a", "y")})),
               FileError,
               "t.zip: byte 32: expected every name once, got 'a'. "
               "The file is damaged or of an unsupported kind.");
}

TEST(ReadZip, RefusesBytesAroundTheArchive) {
  const std::string bytes = build_zip({ZipParts("a", "x")});
  EXPECT_THROW(read_all("#" + bytes), FileError);
  EXPECT_THROW(read_all(build_zip({ZipParts("a", "x")}, "#")), FileError);
  EXPECT_THROW(read_all(build_zip({}, "#")), FileError);
  EXPECT_THROW(read_all(bytes + "#"), FileError);
  EXPECT_THROW(read_all(bytes.substr(0, bytes.size() - 2) + little_endian(1, 2) + "#"), FileError);
  EXPECT_THROW(read_all(bytes + bytes), FileError);
}

TEST(ReadZip, RefusesAnotherSizeOfTheDirectory) {
  std::string bytes = build_zip({ZipParts("a", "x")});
  ++bytes[bytes.size() - 10];
  EXPECT_THROW(ZipReader(bytes, "t.zip"), FileError);
}

/// Fifield's "A better zip bomb" (2019): directory entries that share one member's bytes.
TEST(ReadZip, RefusesMembersThatOverlap) {
  const std::string bytes = build_zip({ZipParts("a", "x"), ZipParts("b", "y")});
  const std::size_t second = bytes.rfind("PK\1\2");
  std::string overlapping = bytes;
  overlapping.replace(second + 42, 4, little_endian(0, 4));  // the offset of "b"
  EXPECT_THROW(read_all(overlapping), FileError);
}

TEST(ReadZip, RefusesSizesThatDeflateCannotReach) {
  EXPECT_NO_THROW(read_all(build_zip({many_a(1000)})));
  EXPECT_ERROR(read_all(build_zip({many_a(11 * 1032 + 1)})),
               FileError,
               "t.zip: byte 46: expected a size that the stored bytes can give, got 11353 of 11. "
               "The file is damaged or of an unsupported kind.");
}

TEST(ReadZip, RefusesSizesThatAreNotTheTruth) {
  EXPECT_THROW(read_all(build_zip({many_a(999)})), FileError);
  EXPECT_THROW(read_all(build_zip({many_a(1001)})), FileError);
}

TEST(ReadZip, RefusesABombBeforeUnfoldingIt) {
  ZipParts bomb("config.json", std::string(1 << 20, '\0'));  // says 1 GiB out of 1 MiB
  bomb.both(&ZipHeader::method, 8).both(&ZipHeader::size, 1 << 30);
  EXPECT_THROW(ZipReader(build_zip({bomb}), "t.zip"), FileError);
}

TEST(ReadZip, RefusesMoreThanAGibibyteTogether) {
  std::vector<ZipParts> members;
  for (const char* name : {"a", "b", "c"}) {
    members.emplace_back(name, std::string(4 << 20, '\0'));
    members.back().both(&ZipHeader::method, 8).both(&ZipHeader::size, 400 << 20);
  }
  EXPECT_THROW(ZipReader(build_zip(members), "t.zip"), FileError);
}

TEST(ReadZip, RefusesTooManyMembers) {
  std::vector<ZipParts> members;
  for (int i = 0; i <= 4096; ++i) {
    members.emplace_back(std::to_string(i), "");
  }
  EXPECT_THROW(ZipReader(build_zip(members), "t.zip"), FileError);
}

TEST(ReadZip, SurvivesEveryTruncation) {
  const std::string bytes = write_zip({{"metadata.json", "{}"}, {"a", std::string(300, 'x')}});
  EXPECT_EQ(count_values(truncations(bytes), read_all), 0);
}

TEST(ReadZip, SurvivesBitFlips) {
  const std::string bytes = write_zip({{"metadata.json", "{}"}, {"a", std::string(300, 'x')}});
  const int kFlips = 2000;
  // Only dates, versions and permissions may change unnoticed.
  EXPECT_LT(count_values(bit_flips(bytes, kFlips), read_all), kFlips / 8);
  EXPECT_NO_THROW(count_values(bit_flips(build_zip({many_a(1000)}), kFlips), read_all));
}

}  // namespace
}  // namespace engram::formats
