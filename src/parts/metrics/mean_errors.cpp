// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "parts/losses/point_loss.hpp"
#include "parts/metric_spec.hpp"

namespace engram {

namespace {

template <class Point>
double sum_points(LossRows rows, const Point& point) {
  rows.gradient = nullptr;
  return evaluate_points(
      rows, rows.predicted, [&](double p, double t) { return PointLoss{.loss = point(p - t)}; });
}

void squared(const LossRows& rows, double* sums) {
  sums[0] += sum_points(rows, [](double error) { return error * error; });
}

void absolute(const LossRows& rows, double* sums) {
  sums[0] += sum_points(rows, [](double error) { return std::abs(error); });
}

double root(std::span<const double> sums, double weight) {
  return std::sqrt(mean_of(sums[0], weight));
}

/// How many sums R2Score keeps: of squared errors, targets and squared targets of each output, and
/// the weight.
std::int64_t r2_count(std::int64_t outputs) { return 3 * outputs + 1; }

void r2_add(const LossRows& rows, double* sums) {
  double *errors = sums, *targets = errors + rows.outputs, *squares = targets + rows.outputs;
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    const double weight = rows.weight == nullptr ? 1.0 : rows.weight[row];
    for (std::int64_t i = 0; i < rows.outputs; ++i) {
      const double t = rows.target[row * rows.outputs + i];
      const double error = t - rows.predicted[row * rows.outputs + i];
      errors[i] += weight * error * error;
      targets[i] += weight * t;
      squares[i] += weight * t * t;
    }
    squares[rows.outputs] += weight;
  }
}

/// The mean over outputs of 1 - squared errors / variance; 0 without variance.
double r2_result(std::span<const double> sums, double /*weight*/) {
  const std::size_t outputs = sums.size() / 3;
  double mean = 0;
  for (std::size_t i = 0; i < outputs; ++i) {
    const double targets = sums[outputs + i], count = sums.back();
    const double variance = sums[2 * outputs + i] - targets * (targets / count);
    const double score = 1 - sums[i] / variance;
    mean += (std::isinf(score) ? 0.0 : score) / static_cast<double>(outputs);
  }
  return mean;
}

}  // namespace

const MetricSpec& mean_squared_error_metric_spec() {
  static const MetricSpec spec = {.class_name = "MeanSquaredError",
                                  .name = "mean_squared_error",
                                  .other_names = {"mse", "MSE"},
                                  .add = squared,
                                  .result = mean_result};
  return spec;
}

const MetricSpec& mean_absolute_error_metric_spec() {
  static const MetricSpec spec = {.class_name = "MeanAbsoluteError",
                                  .name = "mean_absolute_error",
                                  .other_names = {"mae", "MAE"},
                                  .add = absolute,
                                  .result = mean_result};
  return spec;
}

/// The root of the mean over all batches, not the mean of their roots.
const MetricSpec& root_mean_squared_error_spec() {
  static const MetricSpec spec = {.class_name = "RootMeanSquaredError",
                                  .name = "root_mean_squared_error",
                                  .uses_mask = false,
                                  .add = squared,
                                  .result = root};
  return spec;
}

const MetricSpec& r2_score_spec() {
  static const MetricSpec spec = {
      .class_name = "R2Score",
      .name = "r2_score",
      .count = r2_count,
      .uses_mask = false,
      .add = r2_add,
      .result = r2_result,
      .is_higher_better = true,
      .options = {{"class_aggregation", "uniform_average"}, {"num_regressors", std::int64_t{0}}}};
  return spec;
}

}  // namespace engram
