// SPDX-License-Identifier: Apache-2.0
#include "parts/options.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "parts/functions.hpp"

namespace engram {
namespace {

TEST(Rule, KnowsItsEnds) {
  EXPECT_TRUE(at_least(1).allows(1));
  EXPECT_FALSE(at_least(1).allows(0.999));
  EXPECT_FALSE(above(0).allows(0));
  EXPECT_TRUE(in_range(0, 1).allows(1));
  EXPECT_FALSE(in_range_below(0, 1).allows(1));
  EXPECT_TRUE(any().allows(-1e30));
}

TEST(Rule, RefusesWhatIsNotFinite) {
  EXPECT_FALSE(any().allows(NAN));
  EXPECT_FALSE(any().allows(INFINITY));
  EXPECT_FALSE(at_least(0).allows(INFINITY));
}

TEST(Rule, HasAText) {
  EXPECT_EQ(at_least(1).text(), "at least 1");
  EXPECT_EQ(above(0).text(), "above 0");
  EXPECT_EQ(in_range(0, 1).text(), "in [0, 1]");
  EXPECT_EQ(in_range_below(0, 1).text(), "in [0, 1)");
  EXPECT_EQ(any().text(), "finite");
}

struct Sample {
  std::int64_t units = 1;
  float dropout = 0;
  std::optional<float> decay = {};
  Initializer initializer = "zeros";
};

void visit_sample(Sample& o, OptionVisitor& v) {
  v.option("units", o.units, at_least(1));
  v.option("dropout", o.dropout, in_range_below(0, 1));
  v.option("decay", o.decay, at_least(0));
  v.option("initializer", o.initializer);
  v.fixed("stateful", false);
  v.ignored("label", {});
}

void check(const Sample& sample) {
  check_options(options_access<Sample, visit_sample>(), &sample, "Sample 'a'");
}

TEST(CheckOptions, NamesPlaceRuleAndValue) {
  EXPECT_ERROR(check({.units = 0}), OptionError, "Sample 'a': expected units at least 1, got 0.");
  EXPECT_ERROR(
      check({.dropout = 1.5f}), OptionError, "Sample 'a': expected dropout in [0, 1), got 1.5.");
  EXPECT_ERROR(
      check({.dropout = NAN}), OptionError, "Sample 'a': expected dropout in [0, 1), got nan.");
  EXPECT_ERROR(
      check({.decay = -0.1f}), OptionError, "Sample 'a': expected decay at least 0, got -0.1.");
  EXPECT_ERROR(check({.initializer = RandomNormal{.stddev = -1}}),
               OptionError,
               "Sample 'a': expected initializer's stddev at least 0, got -1.");
  EXPECT_ERROR(check({.initializer = Constant{.value = INFINITY}}),
               OptionError,
               "Sample 'a': expected initializer's value finite, got inf.");
}

TEST(CheckOptions, LetsGoodOnesPass) {
  EXPECT_NO_THROW(check({.units = 3, .dropout = 0.5f, .decay = 0.1f}));
}

TEST(CheckOptions, CreatesOptionsWithTheirDefaults) {
  const auto options = options_access<Sample, visit_sample>().create();
  EXPECT_EQ(static_cast<Sample*>(options.get())->units, 1);
}

TEST(Activation, NamesGoBothWays) {
  for (const std::string_view name : Activation::names()) {
    EXPECT_EQ(Activation(name).name(), name);
  }
  EXPECT_EQ(Activation("softmax").kind(), Activation::Kind::softmax);
  EXPECT_EQ(Activation().name(), "linear");
}

TEST(Activation, UnknownNameIsRefused) {
  EXPECT_ERROR(Activation("tahn"),
               OptionError,
               "Activation: expected a supported activation, got 'tahn'. Did you mean 'tanh'? "
               "Supported: linear, tanh, sigmoid, hard_sigmoid, relu, softmax, relu6, leaky_relu, "
               "elu, celu, selu, softplus, log_sigmoid, softsign, exponential, soft_shrink, "
               "hard_shrink, hard_tanh, tanh_shrink, sparse_plus, sparse_sigmoid, squareplus, "
               "silu, hard_silu, gelu, mish, log_softmax.");
}

TEST(Activation, AllButSoftmaxAndItsLikeAreElementwise) {
  EXPECT_EQ(function_of("hard_sigmoid"), kernels::Function::hard_sigmoid);
  EXPECT_EQ(function_of("linear"), kernels::Function::linear);
  EXPECT_EQ(function_of("celu"), kernels::Function::elu);
  for (const std::string_view name : {"softmax", "log_softmax"}) {
    EXPECT_EQ(function_of(name), std::nullopt);
  }
}

}  // namespace
}  // namespace engram
