// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace engram {
namespace {

using Words = std::array<std::uint32_t, 4>;

// Random123's kat_vectors, philox 4x32 10.
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// The first numbers of splitmix64.c (Vigna) from state 0 and 1234567.
TEST(Mix, IsSplitmix64) {
  EXPECT_EQ(mix(0), 0xE220A8397B1DCDAFu);
  EXPECT_EQ(mix(1234567), 6457827717110365317u);
}

TEST(Random, RunsThroughTheWordsOfItsStream) {
  Random random(0x0000000200000001, 0x0000000400000003);
  const Words first = philox({0, 0, 3, 4}, {1, 2});
  const Words second = philox({1, 0, 3, 4}, {1, 2});
  for (const std::uint32_t word : first) {
    EXPECT_EQ(random.bits32(), word);
  }
  EXPECT_EQ(random.bits64(), std::uint64_t{second[0]} << 32 | second[1]);
}

TEST(Random, SameSeedAndStreamRepeatOthersDiffer) {
  EXPECT_EQ(Random(7, 1).bits64(), Random(7, 1).bits64());
  EXPECT_NE(Random(7, 1).bits64(), Random(7, 2).bits64());
  EXPECT_NE(Random(7, 1).bits64(), Random(8, 1).bits64());
}

// The bounds below are five standard errors wide for the 100,000 numbers drawn.
constexpr int kDraws = 100000;
constexpr double kFiveErrors = 5 / 316.2;  // 5 / sqrt(kDraws)

TEST(Random, UniformsFillTheUnitInterval) {
  Random random(1);
  double sum = 0, low = 1, high = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = i % 2 == 0 ? random.uniform() : static_cast<double>(random.uniform_float());
    sum += x;
    low = std::min(low, x);
    high = std::max(high, x);
  }
  EXPECT_NEAR(sum / kDraws, 0.5, std::sqrt(1 / 12.0) * kFiveErrors);
  EXPECT_GE(low, 0.0);
  EXPECT_LT(low, 2e-4);  // missed with probability exp(-20)
  EXPECT_LT(high, 1.0);
  EXPECT_GT(high, 1 - 2e-4);
}

TEST(Random, NormalsHaveTheirMoments) {
  Random random(2);
  double sum = 0, squares = 0, fourths = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
    fourths += x * x * x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0, kFiveErrors);
  EXPECT_NEAR(squares / kDraws, 1, std::sqrt(2) * kFiveErrors);
  EXPECT_NEAR(fourths / kDraws, 3, std::sqrt(96) * kFiveErrors);
}

TEST(Random, BelowGivesEachNumberEquallyOften) {
  Random random(3);
  std::array<int, 7> counts{};
  for (int i = 0; i < kDraws; ++i) {
    ++counts.at(random.below(7));
  }
  for (const int count : counts) {
    EXPECT_NEAR(count / double{kDraws}, 1 / 7.0, std::sqrt(6.0) / 7 * kFiveErrors);
  }
  EXPECT_EQ(random.below(1), 0u);
}

TEST(ShuffledOrder, IsAPermutation) {
  std::vector<std::int64_t> order = shuffled_order(1000, 5, 0);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> sorted(1000);
  std::iota(sorted.begin(), sorted.end(), 0);
  EXPECT_EQ(order, sorted);
}

TEST(ShuffledOrder, DependsOnSeedAndEpochOnly) {
  EXPECT_EQ(shuffled_order(50, 5, 3), shuffled_order(50, 5, 3));
  EXPECT_NE(shuffled_order(50, 5, 3), shuffled_order(50, 5, 4));
  EXPECT_NE(shuffled_order(50, 5, 3), shuffled_order(50, 6, 3));
}

TEST(ShuffledOrder, ReachesAllSixOrdersOfThree) {
  std::set<std::vector<std::int64_t>> seen;
  for (int epoch = 0; epoch < 100; ++epoch) {
    seen.insert(shuffled_order(3, 1, epoch));
  }
  EXPECT_EQ(seen.size(), 6u);
}

TEST(ShuffledOrder, OfNothingIsNothing) {
  EXPECT_TRUE(shuffled_order(0, 1, 0).empty());
  EXPECT_EQ(shuffled_order(1, 1, 0), std::vector<std::int64_t>{0});
}

}  // namespace
}  // namespace engram
