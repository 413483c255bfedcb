// SPDX-License-Identifier: Apache-2.0
#include "formats/npy.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "engram/error.hpp"
#include "expect_error.hpp"

namespace engram::formats {
namespace {

/// A file of version `major` with this header and these values.
std::string npy(const std::string& header, const std::string& values, char major = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += major;
  bytes += '\0';
  bytes += static_cast<char>(header.size() % 256);
  bytes += static_cast<char>(header.size() / 256);
  bytes += std::string(major == 1 ? 0 : 2, '\0');
  return bytes + header + values;
}

std::string header(const std::string& type, const std::string& shape) {
  return "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}

const std::vector<float> kOneTwo = {1, 2};

TEST(WriteNpy, WritesWhatNumpySaves) {
  const Tensor tensor({2, 1}, {1, -2});

  // numpy.save(f, numpy.array([[1], [-2]], '<f4')): the header is padded to 128 bytes in all
  const std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
  const std::string expected = std::string("\x93NUMPY\x01\x00\x76\x00", 10) + text +
                               std::string(128 - 10 - text.size() - 1, ' ') + "\n" +
                               bytes_of<float>({1, -2});
  EXPECT_EQ(write_npy(tensor), expected);
}

TEST(WriteNpy, IsReadBackForEveryRank) {
  for (const Shape& shape : {Shape{}, Shape{3}, Shape{0, 4}, Shape{2, 3, 4}}) {
    Tensor tensor(shape);
    std::ranges::fill(tensor.values(), 0.1f);
    EXPECT_EQ(read_npy(write_npy(tensor), "x.npy"), tensor) << to_string(shape);
  }
}

TEST(WriteNpy, RefusesMoreAxesThanNumpyReads) {
  EXPECT_ERROR(write_npy(Tensor(Shape(33, 1))),
               DataError,
               "write_npy: expected at most 32 axes, got 33. Reshape the tensor.");
}

struct TypeCase {
  const char* type;
  std::string values;
};

class NpyTypes : public testing::TestWithParam<TypeCase> {};

TEST_P(NpyTypes, AreRead) {
  const Tensor tensor = read_npy(npy(header(GetParam().type, "(2,)"), GetParam().values), "x.npy");

  EXPECT_EQ(tensor, Tensor({2}, kOneTwo));
}

INSTANTIATE_TEST_SUITE_P(ReadNpy,
                         NpyTypes,
                         testing::Values(TypeCase{"<f4", bytes_of<float>({1, 2})},
                                         TypeCase{"<f8", bytes_of<double>({1, 2})},
                                         TypeCase{"|i1", bytes_of<std::int8_t>({1, 2})},
                                         TypeCase{"<i2", bytes_of<std::int16_t>({1, 2})},
                                         TypeCase{"<i4", bytes_of<std::int32_t>({1, 2})},
                                         TypeCase{"<i8", bytes_of<std::int64_t>({1, 2})},
                                         TypeCase{"|u1", bytes_of<std::uint8_t>({1, 2})},
                                         TypeCase{"<u2", bytes_of<std::uint16_t>({1, 2})},
                                         TypeCase{"<u4", bytes_of<std::uint32_t>({1, 2})},
                                         TypeCase{"<u8", bytes_of<std::uint64_t>({1, 2})}));

TEST(ReadNpy, ReadsBool) {
  const Tensor tensor = read_npy(npy(header("|b1", "(2,)"), {"\x00\x01", 2}), "x.npy");

  EXPECT_EQ(tensor, Tensor({2}, {0, 1}));
}

TEST(ReadNpy, ReadsVersionsTwoAndThree) {
  for (const char version : {'\2', '\3'}) {
    const std::string file = npy(header("<f4", "(2,)"), bytes_of<float>({1, 2}), version);
    EXPECT_EQ(read_npy(file, "x.npy"), Tensor({2}, kOneTwo));
  }
}

TEST(ReadNpy, ReadsHeadersInAnyOrderAndSpacing) {
  const std::string text = "{\"shape\":(2),'fortran_order' : False,'descr':'<f4'}";

  EXPECT_EQ(read_npy(npy(text, bytes_of<float>({1, 2})), "x.npy"), Tensor({2}, kOneTwo));
}

TEST(ReadNpy, KeepsNegativeNumbersAndNan) {
  const std::string file = npy(header("<f8", "(2,)"),
                               bytes_of<double>({-0.5, std::numeric_limits<double>::quiet_NaN()}));

  const Tensor tensor = read_npy(file, "x.npy");

  EXPECT_EQ(tensor.at({0}), -0.5f);
  EXPECT_TRUE(std::isnan(tensor.at({1})));
}

TEST(ReadNpy, ReadsTheLargestExactInteger) {
  const std::string file =
      npy(header("<i8", "(2,)"), bytes_of<std::int64_t>({1 << 24, -(1 << 24)}));

  EXPECT_EQ(read_npy(file, "x.npy"), Tensor({2}, {16777216, -16777216}));
}

TEST(ReadNpy, RefusesIntegersThatFloatCannotHold) {
  EXPECT_ERROR(read_npy(npy(header("<i4", "(2,)"), bytes_of<std::int32_t>({1, 16777217})), "x.npy"),
               DataError,
               "x.npy: expected integers within 2^24, which float32 holds exactly, got 16777217 at "
               "position 1. Scale the values first.");
}

TEST(ReadNpy, RefusesNumbersBeyondFloat) {
  EXPECT_ERROR(read_npy(npy(header("<f8", "(1,)"), bytes_of<double>({1e300})), "x.npy"),
               DataError,
               "x.npy: expected numbers within the range of float32, got 1e+300 at position 0. "
               "Scale the values first.");
}

TEST(ReadNpy, RefusesBigEndian) {
  EXPECT_ERROR(
      read_npy(npy(header(">f4", "(1,)"), std::string(4, '\0')), "x.npy"),
      DataError,
      "x.npy: expected little-endian floats, integers or bool, got type '>f4'. Convert the "
      "array with .astype('<f4').");
}

TEST(ReadNpy, RefusesTypesThatAreNoNumbers) {
  for (const char* type : {"<U1", "|O", "<c8", "<f2", "<M8[D]", "|S1", "", "<"}) {
    EXPECT_THROW(read_npy(npy(header(type, "(0,)"), ""), "x.npy"), DataError) << type;
  }
}

TEST(ReadNpy, RefusesFortranOrder) {
  const std::string text = "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }";

  EXPECT_ERROR(read_npy(npy(text, std::string(4, '\0')), "x.npy"),
               DataError,
               "x.npy: expected an array in C order, got Fortran order. Save "
               "numpy.ascontiguousarray(array).");
}

TEST(ReadNpy, RefusesSizesThatOverflow) {
  EXPECT_ERROR(read_npy(npy(header("<f4", "(4611686018427387904, 4)"), ""), "x.npy"),
               DataError,
               "x.npy: expected values for shape (4611686018427387904, 4) and type '<f4', got 0 "
               "bytes of values. Write the file again with numpy.save.");
}

TEST(ReadNpy, RefusesBytesAfterTheValues) {
  const std::string file = npy(header("<f4", "(1,)"), std::string(5, '\0'));

  EXPECT_THROW(read_npy(file, "x.npy"), DataError);
}

TEST(ReadNpy, RefusesAFileCutAnywhere) {
  const std::string file = write_npy(Tensor({2, 3}));
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_THROW(read_npy(std::string_view(file).substr(0, size), "x.npy"), DataError) << size;
  }
}

TEST(ReadNpy, RefusesAnotherFile) {
  EXPECT_ERROR(read_npy("PK\x03\x04 not an array", "x.npy"),
               DataError,
               "x.npy: expected an .npy file, which begins with \\x93NUMPY, got 'PK\\x03\\x04 n'. "
               "Write the file again with numpy.save.");
}

TEST(ReadNpy, RefusesUnknownVersions) {
  for (const char version : {'\0', '\4'}) {
    EXPECT_THROW(read_npy(npy(header("<f4", "(0,)"), "", version), "x.npy"), DataError);
  }
}

TEST(ReadNpy, RefusesHeadersThatNumpyDoesNotWrite) {
  for (const std::string& text :
       {std::string(""),
        std::string("[]"),
        std::string("{}"),
        std::string("{'descr': '<f4', 'shape': (0,), }"),
        std::string("{'descr': '<f4', 'fortran_order': 0, 'shape': (0,)}"),
        header("<f4", "(-1,)"),
        header("<f4", "(1"),
        header("<f4", "(0,,)"),
        header("<f4", "(99999999999999999999,)"),
        header("<f4", "(0,), 'shape': (0,)"),
        header("<f4", "(0,), 'more': (0,)"),
        header("<f4", "(0,)") + "x",
        std::string("{'descr': '<f4")}) {
    EXPECT_THROW(read_npy(npy(text, ""), "x.npy"), DataError) << text;
  }
}

}  // namespace
}  // namespace engram::formats
