// SPDX-License-Identifier: Apache-2.0
#include "kernels/elementwise.hpp"

#include <cstring>
#include <numeric>

#include "kernels/each_target.hpp"

namespace engram::kernels {
namespace {

class Elementwise : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(Elementwise);

/// n floats, one float past the alignment, and one canary behind them.
class Guarded {
 public:
  explicit Guarded(const Floats& values) : n_(values.size()), floats_(values.size() + 2, kCanary) {
    std::copy(values.begin(), values.end(), data());
  }

  float* data() { return floats_.data() + 1; }

  Floats values() const {
    EXPECT_EQ(floats_.front(), kCanary);
    EXPECT_EQ(floats_.back(), kCanary);
    return Floats(floats_.begin() + 1, floats_.begin() + 1 + static_cast<std::ptrdiff_t>(n_));
  }

 private:
  static constexpr float kCanary = 12345;
  std::size_t n_;
  Floats floats_;
};

TEST_P(Elementwise, SimplePassesAreThatOfPlainLoops) {
  for (const std::int64_t n : kLengths) {
    const Floats a = random_floats(n, 1), b = random_floats(n, 2), c = random_floats(n, 3);
    Floats product, sum, sum_of_three, scaled, clipped;
    for (std::size_t i = 0; i < a.size(); ++i) {
      product.push_back(a[i] * b[i]);
      sum.push_back(a[i] + b[i]);
      sum_of_three.push_back((a[i] + b[i]) + c[i]);
      scaled.push_back(a[i] * 0.3f);
      clipped.push_back(std::min(std::max(a[i], -0.5f), 0.25f));
    }
    Guarded y(a);
    multiply(y.data(), b.data(), y.data(), n);
    EXPECT_EQ(y.values(), product);
    y = Guarded(a);
    add(b.data(), y.data(), n);
    EXPECT_EQ(y.values(), sum);
    const float* const sources[] = {a.data(), b.data(), c.data()};
    sum_arrays(sources, 3, y.data(), n);
    EXPECT_EQ(y.values(), sum_of_three);
    y = Guarded(a);
    scale(y.data(), 0.3f, n);
    EXPECT_EQ(y.values(), scaled);
    y = Guarded(a);
    clip(y.data(), -0.5f, 0.25f, n);
    EXPECT_EQ(y.values(), clipped);
  }
}

TEST_P(Elementwise, ClipKeepsNaN) {
  Floats x = {-5, kNaN, 5};
  clip(x.data(), -1, 1, 3);
  EXPECT_EQ(x[0], -1);
  EXPECT_TRUE(std::isnan(x[1]));
  EXPECT_EQ(x[2], 1);
}

TEST_P(Elementwise, SoftmaxIsWithinItsRoundings) {
  for (const std::int64_t columns : {1, 2, 3, 5, 8, 15, 16, 17, 26, 33, 100}) {
    const Floats x = random_floats(3 * columns, 1, 20);
    Guarded y(x);
    softmax(y.data(), y.data(), 3, columns);
    const Floats actual = y.values();
    for (std::int64_t row = 0; row < 3; ++row) {
      const float* from = x.data() + row * columns;
      const double largest = *std::max_element(from, from + columns);
      double sum = 0;
      for (std::int64_t i = 0; i < columns; ++i) {
        sum += std::exp(from[i] - largest);
      }
      for (std::int64_t i = 0; i < columns; ++i) {
        const double expected = std::exp(from[i] - largest) / sum;
        // x - max is rounded (40 u at most, as a relative error of exp), exp, the sum, 1 / sum and
        // the product are, too.
        const double roundings = 40 + 2 + static_cast<double>(columns) + 2;
        ASSERT_NEAR(actual[static_cast<std::size_t>(row * columns + i)],
                    expected,
                    roundings * kUnit * expected);
      }
    }
  }
}

TEST_P(Elementwise, SoftmaxOfLargeValuesIsFinite) {
  Floats x = {1e30f, 1e30f, -1e30f, 0};
  softmax(x.data(), x.data(), 1, 4);
  EXPECT_EQ(x, Floats({0.5f, 0.5f, 0, 0}));
}

TEST_P(Elementwise, SoftmaxOfNaNIsNaN) {
  Floats x = {1, kNaN, 2};
  softmax(x.data(), x.data(), 1, 3);
  EXPECT_TRUE(std::all_of(x.begin(), x.end(), [](float v) { return std::isnan(v); }));
}

TEST_P(Elementwise, SoftmaxGradientIsItsFormula) {
  for (const std::int64_t n : {1, 5, 16, 33}) {
    Floats y = random_floats(n, 1);
    softmax(y.data(), y.data(), 1, n);
    const Floats dy = random_floats(n, 2);
    Guarded dx(dy);
    softmax_gradient(y.data(), dx.data(), dx.data(), 1, n);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      sum += double{dy[i]} * y[i];
    }
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_NEAR(dx.values()[i], y[i] * (dy[i] - sum), higham(n + 3) * 2 * y[i]);
    }
  }
}

TEST_P(Elementwise, SumOfSquaresHasTheSameBitsOnEveryTarget) {
  for (const std::int64_t n : kLengths) {
    const Floats x = random_floats(n, 1);
    double sum = 0;
    for (const float v : x) {
      sum += double{v} * v;
    }
    const double here = sum_of_squares(x.data(), n);
    EXPECT_NEAR(here, sum, 1e-15 * static_cast<double>(n) * sum);  // n roundings of float64
    use_simd_target(simd_targets().back());
    EXPECT_EQ(sum_of_squares(x.data(), n), here) << n;
    use_simd_target(GetParam());
  }
}

TEST_P(Elementwise, AllFiniteFindsOneBadValueAnywhere) {
  for (const std::int64_t n : kLengths) {
    Floats x = random_floats(n, 1, 1e38f);
    EXPECT_TRUE(all_finite(x.data(), n));
    for (const float bad : {kNaN, kInfinity, -kInfinity}) {
      for (std::size_t i = 0; i < x.size(); ++i) {
        const float good = std::exchange(x[i], bad);
        EXPECT_FALSE(all_finite(x.data(), n)) << n << " at " << i;
        x[i] = good;
      }
    }
  }
}

}  // namespace
}  // namespace engram::kernels
