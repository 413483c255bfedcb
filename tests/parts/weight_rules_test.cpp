// SPDX-License-Identifier: Apache-2.0
#include "parts/weight_rules.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "engram/error.hpp"
#include "engram/layers/lstm.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "layers/layer_spec.hpp"
#include "parts/nested.hpp"

namespace engram {
namespace {

using Values = std::vector<float>;

/// The options of a golden {"class_name", "config"}, read as a file's.
void read(const nlohmann::json& kind, KindOption& option) {
  const nlohmann::json config = {{"rule", kind}};
  golden::ConfigReader reader(config);
  reader.option("rule", option);
}

/// Penalties, gradients and constrained weights that Keras 3.15 on TensorFlow computed in float32;
/// allowed are a few roundings.
TEST(WeightRules, AgreeWithKerasOnTensorFlow) {
  const nlohmann::json file = golden::read("rules.json");
  const Values w = flat(file["w"]);
  const Shape shape = shape_of(file["w"]);
  std::set<std::string> kinds;
  for (const nlohmann::json& c : file["cases"]) {
    Values got = w;
    if (c.contains("regularizer")) {
      Regularizer regularizer;
      RegularizerOption option(regularizer);
      read(c["regularizer"], option);
      kinds.insert(std::string(option.class_name()));
      std::fill(got.begin(), got.end(), 0.0f);
      const auto& choice = *regularizer.choice;
      const double penalty = choice.spec().penalty(
          choice.options(), {.values = w.data(), .shape = shape, .gradient = got.data()});
      EXPECT_NEAR(penalty, c["penalty"].get<double>(), 2e-6) << c["regularizer"];
      EXPECT_EQ(choice.spec().penalty(choice.options(), {.values = w.data(), .shape = shape}),
                penalty);
    } else {
      Constraint constraint;
      ConstraintOption option(constraint);
      read(c["constraint"], option);
      kinds.insert(std::string(option.class_name()));
      constraint.choice->spec().apply(constraint.choice->options(), got.data(), shape);
    }
    const Values want = flat(c.contains("gradient") ? c["gradient"] : c["result"]);
    for (std::size_t i = 0; i < want.size(); ++i) {
      EXPECT_NEAR(got[i], want[i], 1e-6) << c << i;
    }
  }
  EXPECT_EQ(kinds.size(), regularizers().size() + constraints().size());
}

TEST(WeightRules, ComeFromTheOptionsOfALayer) {
  const LSTM lstm{.units = 2, .recurrent_regularizer = "l1", .kernel_constraint = NonNeg{}};
  const auto rules = [&](std::string_view weight) {
    return rules_of(spec_of(lstm).access, &lstm, weight);
  };
  EXPECT_EQ(rules("recurrent_kernel").regularizer.choice->spec().class_name, "L1");
  EXPECT_FALSE(rules("recurrent_kernel").constraint.choice);
  EXPECT_EQ(rules("kernel").constraint.choice->spec().class_name, "NonNeg");
  EXPECT_FALSE(rules("bias").regularizer.choice);
}

TEST(WeightRules, RefuseWhatTheyCannotTake) {
  EXPECT_ERROR(Regularizer("l3"),
               OptionError,
               "Regularizer: expected a supported regularizer, got 'l3'. Did you mean 'L1'? "
               "Supported: L1, L2, L1L2, OrthogonalRegularizer.");
  EXPECT_ERROR(Constraint("non_pos"),
               OptionError,
               "Constraint: expected a supported constraint, got 'non_pos'. Supported: MaxNorm, "
               "NonNeg, UnitNorm, MinMaxNorm.");
  Values w = {1, 2};
  const auto apply = [&](const auto& options) { spec_of(options).apply(&options, w.data(), {2}); };
  EXPECT_ERROR(apply(MaxNorm{.axis = 1}),
               OptionError,
               "constraint on a weight of shape (2,): expected axis in [-1, 0], got 1.");
  const OrthogonalRegularizer orthogonal;
  EXPECT_ERROR(spec_of(orthogonal).penalty(&orthogonal, {.values = w.data(), .shape = {2}}),
               OptionError,
               "OrthogonalRegularizer: expected a weight of rank 2, got (2,).");
}

}  // namespace
}  // namespace engram
