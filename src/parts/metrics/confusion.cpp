// SPDX-License-Identifier: Apache-2.0
/// Metrics of outputs taken as yes or no, above 0.5 or, for AUC, above 200 thresholds. Every output
/// of every row counts by itself.
#include <algorithm>
#include <array>
#include <cmath>

#include "parts/metric_spec.hpp"

namespace engram {

namespace {

constexpr std::int64_t kThresholds = 200;

/// Calls see(predicted, is_true, weight) for each output.
template <class See>
void each_output(const LossRows& rows, const See& see) {
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    const double weight = rows.weight == nullptr ? 1.0 : rows.weight[row];
    for (std::int64_t i = row * rows.outputs; i < (row + 1) * rows.outputs; ++i) {
      see(rows.predicted[i], rows.target[i] != 0, weight);
    }
  }
}

std::int64_t four(std::int64_t) { return 4; }

/// The places of the four counts among the sums.
enum Place : std::size_t { true_positive, false_positive, true_negative, false_negative };

void count_all(const LossRows& rows, double* sums) {
  each_output(rows, [&](float predicted, bool is_true, double weight) {
    const bool is_positive = predicted > 0.5f;
    sums[is_positive ? (is_true ? true_positive : false_positive)
                     : (is_true ? false_negative : true_negative)] += weight;
  });
}

/// part / (part + rest), 0 of nothing.
double share(double part, double rest) { return part + rest == 0 ? 0.0 : part / (part + rest); }

double precision(std::span<const double> sums, double) {
  return share(sums[true_positive], sums[false_positive]);
}

double recall(std::span<const double> sums, double) {
  return share(sums[true_positive], sums[false_negative]);
}

template <Place kPlace>
double count_at(std::span<const double> sums, double) {
  return sums[kPlace];
}

std::int64_t buckets(std::int64_t) { return 2 * kThresholds; }

/// The first half of the sums counts the true ones of each bucket of predictions, the second the
/// others. Bucket i lies above threshold i; in float32, as Keras has it.
void add_to_buckets(const LossRows& rows, double* sums) {
  each_output(rows, [&](float predicted, bool is_true, double weight) {
    const float p = std::clamp(predicted, 0.0f, 1.0f);
    const auto place = static_cast<std::int64_t>(std::ceil(p * (kThresholds - 1))) - 1;
    sums[(is_true ? 0 : kThresholds) + std::max(place, std::int64_t{0})] += weight;
  });
}

/// The area under recall over the share of false alarms, by trapezoids.
double area(std::span<const double> sums, double) {
  double all_true = 0, all_false = 0;
  for (std::size_t i = 0; i < kThresholds; ++i) {
    all_true += sums[i];
    all_false += sums[kThresholds + i];
  }
  double above_true = 0, above_false = 0, x_before = 0, y_before = 0, result = 0;
  for (std::size_t i = kThresholds; i-- > 0;) {
    above_true += sums[i];
    above_false += sums[kThresholds + i];
    const double x = all_false == 0 ? 0.0 : above_false / all_false;
    const double y = all_true == 0 ? 0.0 : above_true / all_true;
    result += i + 1 == kThresholds ? 0.0 : (x - x_before) * (y + y_before) / 2;
    x_before = x;
    y_before = y;
  }
  return result;
}

MetricSpec make_spec(std::string_view class_name,
                     std::string_view name,
                     double (*result)(std::span<const double>, double)) {
  return {.class_name = class_name,
          .name = name,
          .count = four,
          .uses_mask = false,
          .add = count_all,
          .result = result,
          .is_higher_better = true,
          .options = {{"thresholds", {}}, {"top_k", {}}, {"class_id", {}}}};
}

MetricSpec make_count(std::string_view class_name,
                      std::string_view name,
                      double (*result)(std::span<const double>, double),
                      bool is_higher_better) {
  MetricSpec spec = make_spec(class_name, name, result);
  spec.is_higher_better = is_higher_better;
  spec.options = {{"thresholds", {}}};
  return spec;
}

}  // namespace

const MetricSpec& precision_spec() {
  static const MetricSpec spec = make_spec("Precision", "precision", precision);
  return spec;
}

const MetricSpec& recall_spec() {
  static const MetricSpec spec = make_spec("Recall", "recall", recall);
  return spec;
}

const MetricSpec& true_positives_spec() {
  static const MetricSpec spec =
      make_count("TruePositives", "true_positives", count_at<true_positive>, true);
  return spec;
}

const MetricSpec& true_negatives_spec() {
  static const MetricSpec spec =
      make_count("TrueNegatives", "true_negatives", count_at<true_negative>, true);
  return spec;
}

const MetricSpec& false_positives_spec() {
  static const MetricSpec spec =
      make_count("FalsePositives", "false_positives", count_at<false_positive>, false);
  return spec;
}

const MetricSpec& false_negatives_spec() {
  static const MetricSpec spec =
      make_count("FalseNegatives", "false_negatives", count_at<false_negative>, false);
  return spec;
}

const MetricSpec& auc_spec() {
  static const MetricSpec spec = {.class_name = "AUC",
                                  .name = "auc",
                                  .count = buckets,
                                  .uses_mask = false,
                                  .add = add_to_buckets,
                                  .result = area,
                                  .is_higher_better = true,
                                  .options = {{"num_thresholds", kThresholds},
                                              {"curve", "ROC"},
                                              {"summation_method", "interpolation"},
                                              {"multi_label", false},
                                              {"num_labels", {}},
                                              {"label_weights", {}},
                                              {"from_logits", false}}};
  return spec;
}

}  // namespace engram
