// SPDX-License-Identifier: Apache-2.0
#include "engram/initializers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "parts/fans.hpp"
#include "parts/functions.hpp"
#include "parts/orthogonal.hpp"

namespace engram {
namespace {

std::vector<float> values_of(const Initializer& initializer, const Shape& shape, int seed = 1) {
  std::vector<float> values(static_cast<std::size_t>(size_of(shape)));
  initialize(initializer, shape, static_cast<std::uint64_t>(seed), values.data());
  return values;
}

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};

Moments moments_of(const std::vector<float>& values) {
  Moments m;
  double squares = 0;
  for (const float v : values) {
    m.mean += static_cast<double>(v);
    squares += static_cast<double>(v) * static_cast<double>(v);
    m.largest = std::max(m.largest, std::abs(static_cast<double>(v)));
  }
  const auto n = static_cast<double>(values.size());
  m.mean /= n;
  m.deviation = std::sqrt(squares / n - m.mean * m.mean);
  return m;
}

struct Spread {
  Initializer initializer;
  double deviation, limit;  // the largest value that may occur; infinite for normal
};

class RandomInitializer : public ::testing::TestWithParam<Spread> {};

const Shape kShape = {100, 400};  // as an LSTM's kernel of 100 units
constexpr double kCut = 2 / 0.87962566103423978;

INSTANTIATE_TEST_SUITE_P(
    Kinds,
    RandomInitializer,
    ::testing::Values(Spread{"glorot_uniform", std::sqrt(2.0 / 500), std::sqrt(6.0 / 500)},
                      Spread{"glorot_normal", std::sqrt(2.0 / 500), kCut* std::sqrt(2.0 / 500)},
                      Spread{"he_uniform", std::sqrt(2.0 / 100), std::sqrt(6.0 / 100)},
                      Spread{"he_normal", std::sqrt(2.0 / 100), kCut* std::sqrt(2.0 / 100)},
                      Spread{"lecun_uniform", std::sqrt(1.0 / 100), std::sqrt(3.0 / 100)},
                      Spread{"lecun_normal", std::sqrt(1.0 / 100), kCut* std::sqrt(1.0 / 100)},
                      Spread{"uniform", 0.1 / std::sqrt(12.0), 0.05},
                      Spread{"normal", 0.05, 1.0},
                      Spread{"truncated_normal", 0.05 * 0.87962566103423978, 0.1}),
    [](const auto& test) { return test.param.initializer.class_name(); });

// 40,000 values: five standard errors are 2.5 % of the deviation for the mean, and less for the
// deviation of any of these.
TEST_P(RandomInitializer, HasItsMeanDeviationAndBounds) {
  const Moments m = moments_of(values_of(GetParam().initializer, kShape));
  EXPECT_NEAR(m.mean, 0, 0.025 * GetParam().deviation);
  EXPECT_NEAR(m.deviation, GetParam().deviation, 0.018 * GetParam().deviation);
  EXPECT_LE(m.largest, GetParam().limit * (1 + 1e-7));  // a bound rounded to float32
}

TEST_P(RandomInitializer, DependsOnTheSeed) {
  EXPECT_EQ(values_of(GetParam().initializer, {3, 5}), values_of(GetParam().initializer, {3, 5}));
  EXPECT_NE(values_of(GetParam().initializer, {3, 5}, 1),
            values_of(GetParam().initializer, {3, 5}, 2));
}

TEST(Initializer, UniformReachesItsBounds) {
  const Moments m = moments_of(values_of("glorot_uniform", kShape));
  EXPECT_GT(m.largest, std::sqrt(6.0 / 500) * 0.999);
}

TEST(Initializer, OwnSeedTakesThePlaceOfTheModels) {
  const Initializer own = RandomUniform{.seed = 9};
  EXPECT_EQ(values_of(own, {8}, 1), values_of(own, {8}, 2));
  EXPECT_EQ(values_of(own, {8}, 1), values_of("uniform", {8}, 9));
}

TEST(Initializer, FansOfOtherRanksAreKeras) {
  EXPECT_LE(moments_of(values_of("glorot_uniform", {1000})).largest, std::sqrt(6.0 / 2000) + 1e-9);
  const Moments m = moments_of(values_of("glorot_uniform", {3, 3, 20, 30}));
  EXPECT_NEAR(m.largest, std::sqrt(6.0 / (9 * 50)), 0.001);  // 5,400 values come near the bound
}

/// A projection to 5 heads of 8 has the fans of a matrix with as many rows and columns.
TEST(Initializer, FansMayBeThoseOfAMatrix) {
  const Shape shape = {60, 5, 8}, matrix = {60, 40};
  for (const char* name : {"glorot_uniform", "he_normal", "lecun_uniform", "uniform", "ones"}) {
    const Moments one = moments_of(values_of(with_fans(name, shape, matrix), shape));
    const Moments other = moments_of(values_of(name, matrix));
    EXPECT_NEAR(one.largest, other.largest, 1e-6 * other.largest) << name;
    EXPECT_NEAR(one.deviation, other.deviation, 1e-6) << name;
  }
  EXPECT_EQ(with_fans("orthogonal", shape, matrix), "orthogonal");
}

/// Variance scale / fan, whatever the distribution; kShape has fans of 100 and 400.
TEST(Initializer, VarianceScalingGoesByModeAndDistribution) {
  for (const auto& [mode, fan] :
       {std::pair("fan_in", 100.0), {"fan_out", 400.0}, {"fan_avg", 250.0}}) {
    const double deviation = std::sqrt(2 / fan);
    for (const auto& [distribution, limit] : {std::pair("truncated_normal", kCut),
                                              {"untruncated_normal", INFINITY},
                                              {"uniform", std::sqrt(3.0)}}) {
      const VarianceScaling o{.scale = 2, .mode = mode, .distribution = distribution};
      const Moments m = moments_of(values_of(o, kShape));
      EXPECT_NEAR(m.deviation, deviation, 0.018 * deviation) << mode << distribution;
      EXPECT_LE(m.largest, limit * deviation * (1 + 1e-7)) << mode << distribution;
    }
  }
  EXPECT_EQ(values_of("variance_scaling", {8, 4}), values_of("lecun_normal", {8, 4}));
  EXPECT_EQ(Initializer(VarianceScaling{.distribution = "normal"}), "variance_scaling");
}

TEST(Initializer, VarianceScalingRefusesWhatKerasHasNot) {
  EXPECT_ERROR(Initializer(VarianceScaling{.mode = "fan"}),
               OptionError,
               "VarianceScaling: expected a supported mode, got 'fan'. "
               "Supported: fan_in, fan_out, fan_avg.");
  EXPECT_ERROR(Initializer(VarianceScaling{.scale = 0}),
               OptionError,
               "VarianceScaling: expected scale above 0, got 0.000000.");
}

TEST(Initializer, IdentityIsGainOnTheDiagonal) {
  EXPECT_EQ(values_of("identity", {2, 3}), (std::vector<float>{1, 0, 0, 0, 1, 0}));
  EXPECT_EQ(values_of(Identity{.gain = 0.5f}, {2, 1}), (std::vector<float>{0.5f, 0}));
  EXPECT_ERROR(
      values_of("identity", {3}),
      OptionError,
      "Identity: expected a weight of rank 2, got (3,). Choose another initializer for it.");
}

TEST(Initializer, ConstantsFill) {
  EXPECT_EQ(values_of("zeros", {2}), (std::vector<float>{0, 0}));
  EXPECT_EQ(values_of("ones", {2}), (std::vector<float>{1, 1}));
  EXPECT_EQ(values_of(Constant{.value = 0.3f}, {2}), (std::vector<float>{0.3f, 0.3f}));
}

Initializer made(const nlohmann::json& initializer) {
  Initializer made(initializer["class_name"].get<std::string>());
  const nlohmann::json& config = initializer["config"];
  made.a = config.value(std::string(numbers_of(made).a), made.a);
  made.b = config.value(std::string(numbers_of(made).b), made.b);
  return made;
}

/// Distributions of Keras's initializers for the shapes of dense and recurrent weights. 400 draws
/// of 35 values or more: five standard errors are below 4.3 % of the deviation.
TEST(Initializer, HasTheDistributionOfKeras) {
  const nlohmann::json file = golden::read("initializers.json");
  for (const nlohmann::json& c : file["cases"]) {
    if (c["distribution"] == "orthogonal") {
      continue;
    }
    std::vector<float> all;
    for (int seed = 0; seed < 400; ++seed) {
      const auto values = values_of(made(c["initializer"]), c["shape"].get<Shape>(), seed);
      all.insert(all.end(), values.begin(), values.end());
    }
    const Moments m = moments_of(all);
    const double deviation = c["std"].get<double>();
    EXPECT_NEAR(m.mean, c["mean"].get<double>(), 0.043 * deviation + 1e-7) << c["initializer"];
    EXPECT_NEAR(m.deviation, deviation, 0.043 * deviation + 1e-7) << c["initializer"];
    if (!c["low"].is_null()) {
      EXPECT_GE(*std::min_element(all.begin(), all.end()), c["low"].get<double>() - 1e-7);
      EXPECT_LE(*std::max_element(all.begin(), all.end()), c["high"].get<double>() + 1e-7);
    }
  }
}

class OrthogonalShape : public ::testing::TestWithParam<Shape> {};

INSTANTIATE_TEST_SUITE_P(Shapes,
                         OrthogonalShape,
                         ::testing::Values(Shape{1, 1},
                                           Shape{1, 4},
                                           Shape{4, 1},
                                           Shape{7, 28},
                                           Shape{33, 8},
                                           Shape{17, 17},
                                           Shape{100, 400},
                                           Shape{2, 3, 40}));

// The shorter side's vectors are orthonormal; float32 rounding of the values is the only error.
TEST_P(OrthogonalShape, IsOrthonormal) {
  const std::vector<float> w = values_of("orthogonal", GetParam());
  const auto columns = static_cast<std::size_t>(GetParam().back());
  const std::size_t rows = w.size() / columns;
  const bool is_wide = rows < columns;
  const std::size_t vectors = std::min(rows, columns), length = std::max(rows, columns);
  const auto at = [&](std::size_t vector, std::size_t i) {
    return static_cast<double>(is_wide ? w[vector * columns + i] : w[i * columns + vector]);
  };
  for (std::size_t a = 0; a < vectors; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      double product = 0;
      for (std::size_t i = 0; i < length; ++i) {
        product += at(a, i) * at(b, i);
      }
      ASSERT_NEAR(product, a == b ? 1 : 0, 3e-7) << a << " " << b;
    }
  }
}

// Q * sign(diag R) is the only factor for which R = Q' A has a positive diagonal.
TEST(Orthogonal, IsTheFactorWithPositiveDiagonal) {
  constexpr std::int64_t kRows = 13, kColumns = 10;  // more than a block of columns
  std::vector<double> a(kRows * kColumns);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = std::sin(1 + 7.3 * static_cast<double>(i * i));
  }
  std::vector<double> q = a;

  orthonormalize(q, kRows, kColumns);

  for (std::int64_t k = 0; k < kColumns; ++k) {
    for (std::int64_t j = 0; j <= k; ++j) {
      const double r = std::inner_product(
          q.begin() + k * kRows, q.begin() + (k + 1) * kRows, a.begin() + j * kRows, 0.0);
      if (j == k) {
        EXPECT_GT(r, 0.01) << k;
      } else {
        EXPECT_NEAR(r, 0, 1e-14) << k << " " << j;
      }
    }
  }
}

TEST(Orthogonal, GainScales) {
  const std::vector<float> one = values_of("orthogonal", {3, 3});
  const std::vector<float> two = values_of(Orthogonal{.gain = 2}, {3, 3});
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_FLOAT_EQ(two[i], 2 * one[i]);
  }
}

TEST(Orthogonal, NeedsAMatrix) {
  EXPECT_ERROR(values_of("orthogonal", {4}),
               OptionError,
               "Orthogonal: expected a weight of rank 2 or more, got (4,). "
               "Choose another initializer for it.");
}

TEST(Initializer, NamesAreKeras) {
  EXPECT_EQ(Initializer("glorot_uniform").class_name(), "GlorotUniform");
  EXPECT_EQ(Initializer("GlorotUniform").name(), "glorot_uniform");
  EXPECT_EQ(Initializer("uniform").class_name(), "RandomUniform");
  EXPECT_EQ(Initializer("normal").name(), "random_normal");
  EXPECT_EQ(Initializer(Orthogonal{}), Initializer("orthogonal"));
  EXPECT_EQ(Initializer(TruncatedNormal{}), Initializer("truncated_normal"));
  EXPECT_EQ(numbers_of("normal").b, "stddev");
  EXPECT_EQ(numbers_of("zeros").a, "");
}

TEST(Initializer, UnknownNameIsRefused) {
  EXPECT_ERROR(
      Initializer("glorot"),
      OptionError,
      "Initializer: expected a supported initializer, got 'glorot'. Supported: "
      "glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, "
      "orthogonal, random_uniform, random_normal, truncated_normal, zeros, ones, constant, "
      "identity, variance_scaling.");
  EXPECT_THROW(Initializer(""), OptionError);
}

}  // namespace
}  // namespace engram
