// SPDX-License-Identifier: Apache-2.0
#include "kernels/rectifiers.hpp"

#include "kernels/each_target.hpp"

namespace engram::kernels {
namespace {

class Rectifiers : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(Rectifiers);

TEST_P(Rectifiers, EqualTheirFormulas) {
  const Rectifier r{.max_value = 0.75f, .negative_slope = 0.25f, .threshold = 0.125f};
  for (const std::int64_t n : kLengths) {
    const Floats x = random_floats(n, 1), dy = random_floats(n, 2);
    Floats y(x.size()), dx(x.size());
    rectify(r, x.data(), y.data(), n);
    rectify_gradient(r, x.data(), dy.data(), dx.data(), n);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const bool is_above = x[i] > 0.125f;
      EXPECT_FLOAT_EQ(y[i], is_above ? std::min(x[i], 0.75f) : 0.25f * (x[i] - 0.125f));
      EXPECT_EQ(dx[i], is_above ? (x[i] < 0.75f ? dy[i] : 0) : 0.25f * dy[i]);
    }
    elu(0.5f, x.data(), y.data(), n);
    elu_gradient(0.5f, x.data(), dy.data(), dx.data(), n);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double e = std::exp(static_cast<double>(x[i]));
      EXPECT_NEAR(y[i], x[i] > 0 ? x[i] : 0.5 * (e - 1), 1e-7);  // Highway's Expm1: 4 ulp
      EXPECT_NEAR(dx[i], x[i] > 0 ? dy[i] : 0.5 * e * dy[i], 1e-7);
    }
  }
}

TEST_P(Rectifiers, KeepNaNAndInfinities) {
  const Floats x = {kNaN, -kInfinity, kInfinity, -0.0f, 0.0f};
  Floats y(x.size());
  const auto n = static_cast<std::int64_t>(x.size());
  rectify({}, x.data(), y.data(), n);
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], 0);
  EXPECT_EQ(y[2], kInfinity);
  rectify({.negative_slope = 0.5f}, x.data(), y.data(), n);
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], -kInfinity);
  elu(1, x.data(), y.data(), n);
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], -1);
  EXPECT_EQ(y[2], kInfinity);
}

}  // namespace
}  // namespace engram::kernels
