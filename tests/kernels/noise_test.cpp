// SPDX-License-Identifier: Apache-2.0
#include "kernels/noise.hpp"

#include <algorithm>

#include "kernels/each_target.hpp"

namespace engram::kernels {
namespace {

class Noise : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(Noise);

TEST_P(Noise, NumbersAreNormal) {
  constexpr std::int64_t kCount = 1'000'000;
  Floats z(kCount);
  normal_numbers(z.data(), kCount, 2, 3, {.seed = 7, .step = 3, .layer = 1});
  double moments[5] = {};
  std::int64_t within = 0;
  for (const float v : z) {
    const double u = (static_cast<double>(v) - 2) / 3;
    for (int power = 1; power < 5; ++power) {
      moments[power] += std::pow(u, power) / kCount;
    }
    within += std::abs(u) < 1 ? 1 : 0;
  }
  // Four deviations of each: the moments' own variances are 1, 2, 15 and 96 over the count.
  EXPECT_NEAR(moments[1], 0, 4 * 1e-3);
  EXPECT_NEAR(moments[2], 1, 4 * 1e-3 * std::sqrt(2.0));
  EXPECT_NEAR(moments[3], 0, 4 * 1e-3 * std::sqrt(15.0));
  EXPECT_NEAR(moments[4], 3, 4 * 1e-3 * std::sqrt(96.0));
  const double share = 0.6826894921;  // of the normal distribution within a deviation
  EXPECT_NEAR(static_cast<double>(within) / kCount, share, 4e-3 * std::sqrt(share * (1 - share)));
}

TEST_P(Noise, ElementsDependOnTheirPlaceOnly) {
  const DropoutKey key{.seed = 7, .step = 3, .layer = 1, .row = 5};
  Floats all(80);
  normal_numbers(all.data(), 80, 0, 1, key);
  for (const std::int64_t n : kLengths) {
    Floats part(static_cast<std::size_t>(n) + 1, kNaN);
    normal_numbers(part.data(), n, 0, 1, key, 8);
    EXPECT_TRUE(std::equal(part.begin(), part.end() - 1, all.begin() + 8)) << n;
    EXPECT_TRUE(std::isnan(part.back())) << n;
  }
  Floats other(80);
  normal_numbers(other.data(), 80, 0, 1, {.seed = 7, .step = 3, .layer = 1, .row = 6});
  EXPECT_NE(all, other);
}

TEST_P(Noise, AlphaDroppingReplacesWhatIsDropped) {
  for (const std::int64_t n : kLengths) {
    const Floats x = random_floats(n, 1);
    Floats factors = random_floats(n, 2), y(x.size());
    for (float& f : factors) {
      f = f < 0 ? 0 : 2.5f;
    }
    alpha_drop({.kept_scale = 0.5f, .offset = 0.25f, .dropped = -3},
               factors.data(),
               x.data(),
               y.data(),
               n);
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(y[i], factors[i] == 0 ? -3 : x[i] * 0.5f + 0.25f);
    }
  }
}

}  // namespace
}  // namespace engram::kernels
