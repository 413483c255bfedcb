// SPDX-License-Identifier: Apache-2.0
#include "engram/metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <set>
#include <vector>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "parts/metric_spec.hpp"
#include "parts/nested.hpp"

namespace engram {
namespace {

using Values = std::vector<float>;

double metric(std::string_view name,
              const Values& predicted,
              const Values& target,
              std::int64_t outputs,
              const Values& weight = {}) {
  const auto rows = static_cast<std::int64_t>(predicted.size()) / outputs;
  const Metric judge(name);
  std::vector<double> sums(static_cast<std::size_t>(sums_of(judge, outputs)));
  judge.spec().add(judge.options(),
                   {.rows = rows,
                    .outputs = outputs,
                    .predicted = predicted.data(),
                    .target = target.data(),
                    .weight = weight.empty() ? nullptr : weight.data()},
                   sums.data());
  double total = 0;
  for (const float w : weight) {
    total += static_cast<double>(w);
  }
  return values_of(judge, sums, weight.empty() ? static_cast<double>(rows) : total).at(0);
}

TEST(Metric, ErrorsAreMeansOverOutputsAndRows) {
  const Values predicted = {1, 2, 3, 4}, target = {1, 0, 0, 4};
  EXPECT_DOUBLE_EQ(metric("mse", predicted, target, 2), (0 + 4 + 9 + 0) / 4.0);
  EXPECT_DOUBLE_EQ(metric("mean_absolute_error", predicted, target, 2), (2 + 3) / 4.0);
  EXPECT_DOUBLE_EQ(metric("root_mean_squared_error", predicted, target, 2), std::sqrt(13 / 4.0));
}

TEST(Metric, WeightsCount) {
  EXPECT_DOUBLE_EQ(metric("mae", {1, 2}, {0, 0}, 1, {3, 1}), (3 * 1 + 1 * 2) / 4.0);
  EXPECT_DOUBLE_EQ(metric("sparse_categorical_accuracy", {.9f, .1f, .8f, .2f}, {0, 1}, 2, {3, 1}),
                   0.75);
}

TEST(Metric, BinaryAccuracyNeedsMoreThanAHalf) {
  EXPECT_DOUBLE_EQ(metric("binary_accuracy", {.5f, .51f, .2f, .9f}, {1, 1, 0, 0}, 1), 0.5);
  EXPECT_DOUBLE_EQ(metric("binary_accuracy", {.9f, .9f}, {1, 0}, 2), 0.5);
}

TEST(Metric, CategoricalAccuracyComparesTheLargest) {
  EXPECT_DOUBLE_EQ(
      metric("categorical_accuracy", {.1f, .7f, .2f, .4f, .3f, .3f}, {0, 1, 0, 0, 0, 1}, 3), 0.5);
}

TEST(Metric, SparseAccuracyComparesWithTheClass) {
  EXPECT_DOUBLE_EQ(metric("sparse_categorical_accuracy", {.1f, .7f, .2f, .4f, .3f, .3f}, {1, 2}, 3),
                   0.5);
}

TEST(Metric, FirstOfEqualsCountsAsInKeras) {
  EXPECT_DOUBLE_EQ(metric("sparse_categorical_accuracy", {.5f, .5f}, {0}, 2), 1.0);
}

TEST(ResolveAccuracy, GoesByTheShapes) {
  const auto name = [](const char* asked, std::int64_t outputs, std::int64_t targets) {
    return resolve_accuracy(Metric(asked), outputs, targets).spec().name;
  };
  EXPECT_EQ(name("accuracy", 1, 1), "binary_accuracy");
  EXPECT_EQ(name("accuracy", 5, 1), "sparse_categorical_accuracy");
  EXPECT_EQ(name("acc", 5, 5), "categorical_accuracy");
  EXPECT_EQ(name("mae", 5, 5), "mean_absolute_error");
}

/// Every metric that Keras 3.15 on TensorFlow computed in float32, over several batches.
TEST(Metric, AgreesWithKerasOnTensorFlow) {
  const nlohmann::json file = golden::read("losses_metrics.json");
  int cases = 0;
  for (const nlohmann::json& c : file["cases"]) {
    if (!c.contains("metric")) {
      continue;
    }
    const Metric metric(c["metric"].get<std::string>());
    std::optional<Metric> judge;
    std::vector<double> sums;
    std::int64_t rows = 0;
    for (const nlohmann::json& update : c["updates"]) {
      const Values predicted = flat(update["y_pred"]), target = flat(update["y_true"]);
      const std::int64_t outputs = last_axis(update["y_pred"]);
      const bool is_flat = rank(update["y_true"]) < rank(update["y_pred"]);
      judge = resolve_accuracy(metric, outputs, is_flat ? 1 : last_axis(update["y_true"]));
      const LossRows batch = {.rows = static_cast<std::int64_t>(predicted.size()) / outputs,
                              .outputs = outputs,
                              .predicted = predicted.data(),
                              .target = target.data()};
      sums.resize(static_cast<std::size_t>(sums_of(*judge, outputs)));
      judge->spec().add(judge->options(), batch, sums.data());
      rows += batch.rows;
    }
    EXPECT_EQ(judge->spec().class_name, c["resolves_to"].get<std::string>());
    const double want = c["result"].get<double>();
    EXPECT_NEAR(values_of(*judge, sums, static_cast<double>(rows)).at(0),
                want,
                1e-6 * std::max(1.0, std::abs(want)))
        << c["metric"];
    ++cases;
  }
  EXPECT_GT(cases, 10);
}

TEST(Metric, IsShownUnderTheNameAskedFor) {
  EXPECT_EQ(Metric("mse").name(), "mse");
  EXPECT_EQ(&Metric("mse").spec(), &Metric("mean_squared_error").spec());
  EXPECT_EQ(&Metric("RootMeanSquaredError").spec(), &Metric("root_mean_squared_error").spec());
}

TEST(Metric, KnowsWhichWayIsBetter) {
  const std::set<std::string_view> others = {"r2_score",
                                             "precision",
                                             "recall",
                                             "auc",
                                             "f1_score",
                                             "fbeta_score",
                                             "io_u",
                                             "mean_io_u",
                                             "one_hot_io_u",
                                             "one_hot_mean_io_u",
                                             "binary_io_u",
                                             "pearson_correlation",
                                             "concordance_correlation",
                                             "precision_at_recall",
                                             "recall_at_precision",
                                             "sensitivity_at_specificity",
                                             "specificity_at_sensitivity",
                                             "true_positives",
                                             "true_negatives",
                                             "cosine_similarity"};
  for (const MetricSpec* spec : metrics()) {
    const bool is_accuracy = spec->name.find("accuracy") != std::string_view::npos;
    EXPECT_EQ(spec->is_higher_better, is_accuracy || others.contains(spec->name)) << spec->name;
  }
}

TEST(Metric, UnknownNameIsRefused) {
  EXPECT_ERROR(
      Metric("acuracy"),
      OptionError,
      "Metric: expected a supported metric, got 'acuracy'. Did you mean 'accuracy'? "
      "Supported: accuracy, acc, binary_accuracy, categorical_accuracy, "
      "sparse_categorical_accuracy, mean_squared_error, mse, MSE, mean_absolute_error, mae, "
      "MAE, root_mean_squared_error, r2_score, top_k_categorical_accuracy, "
      "sparse_top_k_categorical_accuracy, mean_absolute_percentage_error, mape, MAPE, "
      "mean_squared_logarithmic_error, msle, MSLE, kl_divergence, kld, KLD, poisson, hinge, "
      "squared_hinge, categorical_hinge, binary_crossentropy, bce, BCE, "
      "categorical_crossentropy, sparse_categorical_crossentropy, cosine_similarity, "
      "log_cosh_error, logcosh, "
      "precision, recall, true_positives, true_negatives, false_positives, false_negatives, "
      "auc, precision_at_recall, recall_at_precision, sensitivity_at_specificity, "
      "specificity_at_sensitivity, f1_score, fbeta_score, f_beta_score, io_u, mean_io_u, "
      "one_hot_io_u, one_hot_mean_io_u, binary_io_u, pearson_correlation, "
      "concordance_correlation.");
}

}  // namespace
}  // namespace engram
