// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.hpp"
#include "parts/metric_spec.hpp"

namespace engram {

const MetricSpec& accuracy_spec();
const MetricSpec& binary_accuracy_spec();
const MetricSpec& categorical_accuracy_spec();
const MetricSpec& sparse_categorical_accuracy_spec();

namespace {

double itself(double mean) { return mean; }

std::int64_t largest(const float* values, std::int64_t n) {
  return std::max_element(values, values + n) - values;
}

/// The sum of weight * share(row), the share of a row's outputs that are right.
template <class Share>
double sum_rows(const LossRows& rows, const Share& share) {
  double sum = 0;
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    sum += (rows.weight == nullptr ? 1.0 : rows.weight[row]) * share(row);
  }
  return sum;
}

double binary(const LossRows& rows) {
  return sum_rows(rows, [&](std::int64_t row) {
    double right = 0;
    for (std::int64_t i = row * rows.outputs; i < (row + 1) * rows.outputs; ++i) {
      right += rows.target[i] == (rows.predicted[i] > 0.5f ? 1.0f : 0.0f);
    }
    return right / static_cast<double>(rows.outputs);
  });
}

double categorical(const LossRows& rows) {
  return sum_rows(rows, [&](std::int64_t row) {
    const std::int64_t at = row * rows.outputs;
    return largest(rows.predicted + at, rows.outputs) == largest(rows.target + at, rows.outputs)
               ? 1.0
               : 0.0;
  });
}

double sparse(const LossRows& rows) {
  return sum_rows(rows, [&](std::int64_t row) {
    const std::int64_t at = row * rows.outputs;
    return static_cast<float>(largest(rows.predicted + at, rows.outputs)) == rows.target[row] ? 1.0
                                                                                              : 0.0;
  });
}

double unresolved(const LossRows&) {
  throw error<InternalError>(
      {.where = "accuracy", .expected = "resolve_accuracy to be asked first"});
}

}  // namespace

/// Stands for one of the three below until the shapes are known.
const MetricSpec& accuracy_spec() {
  static const MetricSpec spec = {.class_name = "Accuracy",
                                  .name = "accuracy",
                                  .other_names = {"acc"},
                                  .sum = unresolved,
                                  .result = itself,
                                  .is_higher_better = true};
  return spec;
}

const MetricSpec& binary_accuracy_spec() {
  static const MetricSpec spec = {.class_name = "BinaryAccuracy",
                                  .name = "binary_accuracy",
                                  .sum = binary,
                                  .result = itself,
                                  .is_higher_better = true};
  return spec;
}

const MetricSpec& categorical_accuracy_spec() {
  static const MetricSpec spec = {.class_name = "CategoricalAccuracy",
                                  .name = "categorical_accuracy",
                                  .sum = categorical,
                                  .result = itself,
                                  .is_higher_better = true};
  return spec;
}

const MetricSpec& sparse_categorical_accuracy_spec() {
  static const MetricSpec spec = {.class_name = "SparseCategoricalAccuracy",
                                  .name = "sparse_categorical_accuracy",
                                  .has_class_targets = true,
                                  .sum = sparse,
                                  .result = itself,
                                  .is_higher_better = true};
  return spec;
}

const MetricSpec& resolve_accuracy(const Metric& metric,
                                   std::int64_t outputs,
                                   std::int64_t target_outputs) {
  if (&metric.spec() != &accuracy_spec()) {
    return metric.spec();
  }
  if (outputs == 1) {
    return binary_accuracy_spec();
  }
  return target_outputs == 1 ? sparse_categorical_accuracy_spec() : categorical_accuracy_spec();
}

}  // namespace engram
