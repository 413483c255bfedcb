// SPDX-License-Identifier: Apache-2.0
#include "formats/event_file.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace engram::formats {
namespace {

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

/// The (left, right, count) rows of a histogram's record: the tensor lies before the metadata.
std::vector<std::array<double, 3>> buckets_in(const std::string& record) {
  std::vector<std::array<double, 3>> buckets(30);
  const std::size_t size = 30 * 3 * sizeof(double);
  const std::size_t metadata = std::string("J.....histograms").size() + 4;  // and the checksum
  std::memcpy(buckets.data(), record.data() + record.size() - metadata - size, size);
  return buckets;
}

// RFC 3720, appendix B.4.
TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

// The bytes of the next two were written by TensorFlow, called by Keras 3.15.1's TensorBoard.
TEST(ScalarEvent, IsTensorFlowsByteByByte) {
  const EventHead head{
      .wall_time = std::bit_cast<double>(0x41dac1d73019e4cdu), .step = 2, .tag = "batch_loss"};
  const std::string expected = from_hex(
      "34000000000000005e33175c09cde41930d7c1da4110022a270a250a0a62617463685f6c6f7373420a080112"
      "00220470e2c33f4a0b0a090a077363616c617273b801c99d");
  EXPECT_EQ(scalar_event(head, std::bit_cast<float>(0x3fc3e270u)), expected);
}

TEST(ScalarEvent, StepZeroIsLeftOutAsTensorFlowDoes) {
  const EventHead head{
      .wall_time = std::bit_cast<double>(0x41dac1d731bfe19cu), .step = 0, .tag = "epoch_loss"};
  const std::string expected = from_hex(
      "32000000000000002419"
      "56ec099ce1bf31d7c1da412a270a250a0a65706f63685f6c6f7373420a0801120022"
      "045aefd33f4a0b0a090a077363616c6172732a97aea0");
  EXPECT_EQ(scalar_event(head, std::bit_cast<float>(0x3fd3ef5au)), expected);
}

TEST(VersionEvent, NamesTheFormat) {
  EXPECT_EQ(version_event(1.0).substr(12, 24),
            from_hex("09000000000000f03f1a0d") + "brain.Event:2");
}

TEST(HistogramEvent, CountsInBucketsOfEqualWidth) {
  const auto buckets = buckets_in(histogram_event({0, 1, "w/histogram"}, {{0, 1.5f, 29.5f, 30}}));
  EXPECT_EQ(buckets[0], (std::array<double, 3>{0, 1, 1}));
  EXPECT_EQ(buckets[1], (std::array<double, 3>{1, 2, 1}));
  EXPECT_EQ(buckets[2], (std::array<double, 3>{2, 3, 0}));
  EXPECT_EQ(buckets[29], (std::array<double, 3>{29, 30, 2}));
}

TEST(HistogramEvent, EqualValuesAreInTheLastBucket) {
  const auto buckets = buckets_in(histogram_event({0, 1, "w/histogram"}, {{2, 2, 2}}));
  EXPECT_EQ(buckets[0], (std::array<double, 3>{2, 2, 0}));
  EXPECT_EQ(buckets[29], (std::array<double, 3>{2, 2, 3}));
}

TEST(HistogramEvent, LeavesOutWhatIsNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const EventHead head{0, 1, "w/histogram"};
  EXPECT_EQ(histogram_event(head, {{1, kInfinity, -kInfinity, 2}}),
            histogram_event(head, {{1, 2}}));
  EXPECT_EQ(buckets_in(histogram_event(head, {}))[29], (std::array<double, 3>{0, 0, 0}));
}

}  // namespace
}  // namespace engram::formats
