// SPDX-License-Identifier: Apache-2.0
#include "engram/losses.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "parts/loss_spec.hpp"
#include "parts/nested.hpp"

namespace engram {
namespace {

using Values = std::vector<float>;

struct Judged {
  double mean = 0;
  Values gradient;  // of the mean
};

struct Rows {
  Values predicted, target;
  std::int64_t outputs = 1;
  Values weight = {};
  bool by_logits = false;  // `predicted` are logits that the layer kept
};

Judged judge(const Loss& loss, const Rows& r) {
  const auto rows = static_cast<std::int64_t>(r.predicted.size()) / r.outputs;
  const bool is_one = scope_of(loss) == LossScope::batch;
  const double losses = is_one ? 1 : static_cast<double>(rows);
  LeftOut left_out;
  Judged out{.gradient = Values(r.predicted.size())};
  const double sum = loss.spec().evaluate(loss.options(),
                                          {.rows = rows,
                                           .outputs = r.outputs,
                                           .predicted = r.predicted.data(),
                                           .target = r.target.data(),
                                           .logits = r.by_logits ? r.predicted.data() : nullptr,
                                           .weight = r.weight.empty() ? nullptr : r.weight.data(),
                                           .left_out = &left_out,
                                           .gradient = out.gradient.data(),
                                           .scale = 1 / static_cast<float>(losses)});
  out.mean = sum / (losses - left_out.rows);
  for (float& value : out.gradient) {
    value *= static_cast<float>(losses / (losses - left_out.rows));
  }
  return out;
}

/// KERAS.md 2.6, and Keras's own documentation for the rest.
TEST(Loss, GivesKerasGoldenValues) {
  const Values sparse = {.05f, .95f, 0, .1f, .8f, .1f};
  EXPECT_NEAR(judge("sparse_categorical_crossentropy", {sparse, {1, 2}, 3}).mean, 1.1769392, 1e-7);
  EXPECT_NEAR(
      judge("categorical_crossentropy", {sparse, {0, 1, 0, 0, 0, 1}, 3}).mean, 1.1769392, 1e-7);
  EXPECT_NEAR(judge("huber", {{.5f, 0}, {0, 3}, 2}).mean, 1.3125, 1e-12);
  EXPECT_NEAR(judge("log_cosh", {{.5f}, {0}, 1}).mean, 0.120114505, 4e-9);
  EXPECT_NEAR(judge("mse", {{1, 2}, {0, 4}, 2}).mean, 2.5, 1e-12);
  EXPECT_NEAR(judge("mae", {{1, 2}, {0, 4}, 2}).mean, 1.5, 1e-12);
}

/// Every case that Keras 3.15 on TensorFlow computed, value and gradient, in float32: allowed are
/// 1e-6 of the largest entry, and the gradient's rounding near the clipping ends.
TEST(Loss, AgreesWithKerasOnTensorFlow) {
  int cases = 0;
  const nlohmann::json file = golden::read("losses_metrics.json");
  for (const nlohmann::json& c : file["cases"]) {
    if (!c.contains("loss")) {
      continue;
    }
    const LossSpec* spec = find_loss(c["loss"]["class_name"].get<std::string>());
    ASSERT_NE(spec, nullptr) << c["loss"];
    const auto loss = golden::chosen<Loss>(*spec, c["loss"]["config"]);
    const Judged got = judge(loss, {flat(c["y_pred"]), flat(c["y_true"]), last_axis(c["y_pred"])});
    const double value = c["value"].get<double>();
    EXPECT_NEAR(got.mean, value, 1e-6 * std::max(1.0, std::abs(value))) << c["loss"];
    const Values gradient = flat(c["gradient"]);
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      EXPECT_NEAR(got.gradient[i], gradient[i], 1e-6 + 1e-5 * std::abs(gradient[i]))
          << c["loss"] << c["y_true"] << i;
    }
    ++cases;
  }
  EXPECT_GT(cases, 15);
}

struct LossCase {
  const char* name;
  Loss loss;
  Rows rows;
};

class LossGradient : public ::testing::TestWithParam<LossCase> {};

// Multiples of 1/4096, so that a step of 1/4096 is exact in float32.
const Values kPredicted = {0.25f, -1.5f, 3.0f, 0.75f, 2.0f, -0.5f};
const Values kShares = {0.25f, 0.5f, 0.125f, 0.75f, 0.0625f, 0.5f};
const Values kTarget = {0.5f, -0.25f, 2.75f, -3.0f, 1.0f, 0.0f};
const Values kSoft = {0.25f, 0.5f, 0.25f, 0.0f, 0.75f, 0.25f};
const Values kUneven = {0.25f, 0.5f, 0.75f, 0.0f, 0.5f, 0.25f};  // rows that do not sum to 1
const Values kWeight = {0.5f, 3.0f};

INSTANTIATE_TEST_SUITE_P(
    Losses,
    LossGradient,
    ::testing::Values(
        LossCase{"mse", "mse", {kPredicted, kTarget, 3, kWeight}},
        LossCase{"mae", "mae", {kPredicted, kTarget, 3, kWeight}},
        LossCase{"huber", Huber{.delta = 0.75f}, {kPredicted, kTarget, 3, kWeight}},
        LossCase{"log_cosh", "log_cosh", {kPredicted, kTarget, 3, kWeight}},
        LossCase{"binary", "bce", {kShares, kSoft, 3, kWeight}},
        LossCase{"binary_from_logits",
                 BinaryCrossentropy{.from_logits = true},
                 {kPredicted, kSoft, 3, kWeight}},
        LossCase{"binary_by_logits", "bce", {kPredicted, kSoft, 3, kWeight, true}},
        LossCase{"categorical", "categorical_crossentropy", {kShares, kUneven, 3, kWeight}},
        LossCase{"categorical_from_logits",
                 CategoricalCrossentropy{.from_logits = true},
                 {kPredicted, kUneven, 3, kWeight}},
        LossCase{"categorical_by_logits",
                 "categorical_crossentropy",
                 {kPredicted, kSoft, 3, kWeight, true}},
        LossCase{"sparse", "sparse_categorical_crossentropy", {kShares, {2, 0}, 3, kWeight}},
        LossCase{"sparse_clipped",
                 "sparse_categorical_crossentropy",
                 {{-0.5f, 1.25f, 0.5f, 0.25f, 0.0f, 0.75f}, {2, 0}, 3, kWeight}},
        LossCase{"sparse_from_logits",
                 SparseCategoricalCrossentropy{.from_logits = true},
                 {kPredicted, {2, 0}, 3, kWeight}},
        LossCase{"sparse_by_logits",
                 "sparse_categorical_crossentropy",
                 {kPredicted, {2, 0}, 3, kWeight, true}}),
    [](const auto& test) { return test.param.name; });

// The loss is float64, so the difference is off by step^2 / 6 times the third derivative (at most
// 2 / 0.0625^3 here) and the float32 of the gradient.
TEST_P(LossGradient, IsTheCentralDifference) {
  constexpr float kStep = 1.0f / 4096;
  const Rows& rows = GetParam().rows;
  const Values gradient = judge(GetParam().loss, rows).gradient;
  for (std::size_t i = 0; i < rows.predicted.size(); ++i) {
    Rows up = rows, down = rows;
    up.predicted[i] += kStep;
    down.predicted[i] -= kStep;
    const double difference =
        (judge(GetParam().loss, up).mean - judge(GetParam().loss, down).mean) /
        (2 * static_cast<double>(kStep));
    const bool is_end = rows.predicted[i] == 0.0f;  // on a clipping end: from one side only
    EXPECT_NEAR(gradient[i], is_end ? 0.0 : difference, 1e-4 * std::abs(difference) + 1e-6) << i;
  }
}

TEST_P(LossGradient, IsNotNeededForTheValue) {
  const Rows& r = GetParam().rows;
  const Loss& loss = GetParam().loss;
  const double sum = loss.spec().evaluate(loss.options(),
                                          {.rows = 2,
                                           .outputs = r.outputs,
                                           .predicted = r.predicted.data(),
                                           .target = r.target.data(),
                                           .logits = r.by_logits ? r.predicted.data() : nullptr,
                                           .weight = r.weight.data()});
  EXPECT_DOUBLE_EQ(sum / 2, judge(loss, r).mean);
}

TEST(CrossEntropy, ByLogitsStaysFiniteFarOut) {
  const Rows rows = {{1000, -1000, 0}, {1}, 3, {}, true};
  const Judged judged = judge("sparse_categorical_crossentropy", rows);
  EXPECT_DOUBLE_EQ(judged.mean, 2000);
  EXPECT_EQ(judged.gradient, (Values{1, -1, 0}));
  EXPECT_DOUBLE_EQ(judge("bce", {{-1000}, {1}, 1, {}, true}).mean, 1000);
}

TEST(CrossEntropy, OfCertainPredictionsKeepsItsDigits) {
  const Rows rows = {{30, 0}, {0}, 2, {}, true};
  const double exact = std::log1p(std::exp(-30.0));
  EXPECT_NEAR(judge("sparse_categorical_crossentropy", rows).mean, exact, 1e-15);
}

TEST(CrossEntropy, NaNComesThrough) {
  for (const char* name : {"mse", "bce", "categorical_crossentropy"}) {
    EXPECT_TRUE(std::isnan(judge(name, {{NAN, 0.5f}, {1, 0}, 2, {}, true}).mean)) << name;
  }
  EXPECT_TRUE(
      std::isnan(judge("sparse_categorical_crossentropy", {{NAN, 0.5f}, {1}, 2, {}, true}).mean));
}

TEST(CrossEntropy, TakesLogitsOfAnySoftmaxOrSigmoid) {
  for (const LossSpec* spec : losses()) {
    const bool is_focal = spec->name.find("focal") != std::string_view::npos;
    const bool is_entropy = spec->name.ends_with("crossentropy") && !is_focal;
    const bool takes_sigmoids = is_entropy || spec->name == "binary_focal_crossentropy";
    const auto options = spec->access.create();
    EXPECT_EQ(spec->uses_logits(options.get(), LogitsOf::softmax), is_entropy) << spec->name;
    EXPECT_EQ(spec->uses_logits(options.get(), LogitsOf::sigmoid), takes_sigmoids) << spec->name;
    EXPECT_FALSE(spec->uses_logits(options.get(), LogitsOf::none)) << spec->name;
    EXPECT_EQ(spec->has_class_targets,
              spec->name.starts_with("sparse") || spec->name == "circle" ||
                  spec->name.find("generalized") != std::string_view::npos)
        << spec->name;
  }
}

TEST(CrossEntropy, RefusesWhatIsNoClass) {
  const auto judged = [](float target) {
    judge("sparse_categorical_crossentropy", {{0.5f, 0.5f}, {target}, 2});
  };
  EXPECT_ERROR(judged(2),
               DataError,
               "sparse_categorical_crossentropy: expected class numbers from 0 to 1, got 2. "
               "The last layer needs a unit for each class.");
  EXPECT_ERROR(judged(0.5f),
               DataError,
               "sparse_categorical_crossentropy: expected class numbers from 0 to 1, got 0.5. "
               "The last layer needs a unit for each class.");
  EXPECT_THROW(judged(-1), DataError);
  EXPECT_THROW(judged(NAN), DataError);
}

TEST(Loss, NamesAreKeras) {
  EXPECT_EQ(Loss("mse").spec().class_name, "MeanSquaredError");
  EXPECT_EQ(Loss("MAE").spec().name, "mean_absolute_error");
  EXPECT_EQ(Loss("BinaryCrossentropy").spec().name, "binary_crossentropy");
  EXPECT_NE(Loss(Huber{.delta = 2}).get_if<Huber>(), nullptr);
}

TEST(Loss, UnknownNameIsRefused) {
  EXPECT_ERROR(Loss("mqe"),
               OptionError,
               "Loss: expected a supported loss, got 'mqe'. Did you mean 'mse'? Supported: "
               "mean_squared_error, mse, MSE, mean_absolute_error, mae, MAE, huber, log_cosh, "
               "binary_crossentropy, bce, BCE, categorical_crossentropy, "
               "sparse_categorical_crossentropy, binary_focal_crossentropy, "
               "categorical_focal_crossentropy, categorical_generalized_cross_entropy, "
               "mean_absolute_percentage_error, mape, MAPE, mean_squared_logarithmic_error, msle, "
               "MSLE, kl_divergence, kld, KLD, poisson, cosine_similarity, hinge, squared_hinge, "
               "categorical_hinge, dice, tversky, circle, ctc.");
}

TEST(Loss, OptionsAreChecked) {
  const Huber huber = {.delta = 0};
  EXPECT_ERROR(check_options(spec_of(huber).access, &huber, "Huber"),
               OptionError,
               "Huber: expected delta above 0, got 0.");
}

}  // namespace
}  // namespace engram
