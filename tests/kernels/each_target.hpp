// SPDX-License-Identifier: Apache-2.0
/// Runs tests on every SIMD target that the machine has, and what kernel tests share.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/target.hpp"

namespace engram::kernels {

/// Lanes of each target's vectors; the portable one has 1, or 4 where Highway emulates them.
inline bool has_lanes_of(const std::string& target, int lanes) {
  if (target == "avx512") {
    return lanes == 16;
  }
  if (target == "avx2") {
    return lanes == 8;
  }
  return target == "sse4" ? lanes == 4 : lanes == 1 || lanes == 4;
}

/// A test with the parameter "avx512", "avx2" ... runs on that target, or fails.
class OnEachTarget : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    use_simd_target(GetParam());
    ASSERT_EQ(simd_target(), GetParam()) << "dispatch did not happen";
    ASSERT_TRUE(has_lanes_of(GetParam(), simd_lanes())) << simd_lanes() << " lanes";
  }

  void TearDown() override { use_simd_target(""); }
};

#define ENGRAM_ON_EACH_TARGET(Suite) \
  INSTANTIATE_TEST_SUITE_P(          \
      , Suite, testing::ValuesIn(simd_targets()), [](const auto& target) { return target.param; })

/// Lengths around the lanes of every target.
inline const std::vector<std::int64_t> kLengths = {0,  1,  2,  3,  4,  5,  7,  8,  9,  11, 12,
                                                   13, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65};

using Floats = std::vector<float>;

/// n values, uniform in [-size, size).
inline Floats random_floats(std::int64_t n, std::uint32_t seed, float size = 1) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-size, size);
  Floats values(static_cast<std::size_t>(n));
  for (float& v : values) {
    v = uniform(generator);
  }
  return values;
}

constexpr double kUnit = 0x1p-24;  ///< unit roundoff of float32
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The bound n u / (1 - n u) of a sum of n products, to be multiplied with the sum of their sizes
/// (Higham 2002, section 3.1).
inline double higham(std::int64_t n) {
  const double nu = static_cast<double>(n) * kUnit;
  return nu / (1 - nu);
}

/// |actual - expected| in units of the last place of a float32 near `expected`.
inline double ulps(double expected, float actual) {
  const auto near = static_cast<float>(std::abs(expected));
  const double above = std::nextafter(near, kInfinity), below = std::nextafter(near, 0.0f);
  const double ulp = std::abs(expected) < near ? near - below : above - near;
  return std::abs(actual - expected) / ulp;
}

}  // namespace engram::kernels
