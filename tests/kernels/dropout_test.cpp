// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "kernels/each_target.hpp"
#include "kernels/elementwise.hpp"

namespace engram::kernels {
namespace {

Floats factors(std::int64_t n, float rate, const DropoutKey& key, std::int64_t first = 0) {
  Floats f(static_cast<std::size_t>(n), kNaN);
  dropout_factors(f.data(), n, rate, key, first);
  return f;
}

class Dropout : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(Dropout);

struct KnownAnswer {
  DropoutKey key;
  std::int64_t first;
  std::array<std::uint32_t, 4> words;
};

// Random123's kat_vectors, philox 4x32 10; counter {first / 4, row, layer, step}, key the seed.
const std::vector<KnownAnswer> kAnswers = {
    {{}, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{.seed = 0xffffffffffffffff, .step = 0xffffffff, .layer = 0xffffffff, .row = 0xffffffff},
     4LL * 0xffffffff,
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{.seed = 0x299f31d0a4093822, .step = 0x03707344, .layer = 0x13198a2e, .row = 0x85a308d3},
     4LL * 0x243f6a88,
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};

TEST_P(Dropout, WordsAreThoseOfPhilox) {
  // A word decides at the rate of its own size: kept just below it, dropped just above.
  for (const KnownAnswer& answer : kAnswers) {
    for (std::size_t w = 0; w < 4; ++w) {
      const auto rate = static_cast<float>(answer.words[w] * 0x1p-32);
      const float below = std::nextafter(rate, 0.0f), above = std::nextafter(rate, 1.0f);
      EXPECT_NE(factors(4, below, answer.key, answer.first)[w], 0) << "word " << w;
      EXPECT_EQ(factors(4, above, answer.key, answer.first)[w], 0) << "word " << w;
    }
  }
}

TEST_P(Dropout, ShareOfZerosIsTheRate) {
  constexpr std::int64_t kCount = 1'000'000;
  for (const float rate : {0.1f, 0.2f, 0.5f, 0.9f}) {
    const Floats f = factors(kCount, rate, {.seed = 7, .step = 3, .layer = 1});
    const auto zeros = static_cast<double>(std::count(f.begin(), f.end(), 0.0f));
    const double deviation = std::sqrt(kCount * rate * (1 - rate));
    EXPECT_NEAR(zeros, kCount * rate, 4 * deviation) << "rate " << rate;
    EXPECT_EQ(*std::max_element(f.begin(), f.end()), 1 / (1 - rate));
  }
}

TEST_P(Dropout, ElementsDependOnTheirPlaceOnly) {
  const DropoutKey key = {.seed = 1, .step = 2, .layer = 3, .row = 4};
  const Floats all = factors(200, 0.5f, key);
  for (const std::int64_t n : kLengths) {
    for (const std::int64_t first : {0, 4, 60}) {
      const Floats some = factors(n, 0.5f, key, first);
      EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin() + first)) << n << " " << first;
    }
  }
}

TEST_P(Dropout, IsTheSameOnEveryTarget) {
  const DropoutKey key = {.seed = 9, .step = 1ULL << 33, .layer = 3, .row = 2};
  const Floats here = factors(333, 0.3f, key);
  use_simd_target(simd_targets().back());
  EXPECT_EQ(factors(333, 0.3f, key), here);
}

TEST_P(Dropout, EachPartOfTheKeyMatters) {
  const Floats one = factors(256, 0.5f, {});
  for (const DropoutKey& key : std::vector<DropoutKey>{{.seed = 1},
                                                       {.seed = 1ULL << 32},
                                                       {.step = 1},
                                                       {.step = 1ULL << 32},
                                                       {.layer = 1},
                                                       {.row = 1}}) {
    EXPECT_NE(factors(256, 0.5f, key), one);
  }
}

TEST_P(Dropout, RateZeroKeepsAllAndRateOneNothing) {
  EXPECT_EQ(factors(50, 0, {}), Floats(50, 1.0f));
  EXPECT_EQ(factors(50, 1, {}), Floats(50, 0.0f));
}

}  // namespace
}  // namespace engram::kernels
