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

void squared(const void*, const LossRows& rows, double* sums) {
  sums[0] += sum_points(rows, [](double error) { return error * error; });
}

void absolute(const void*, const LossRows& rows, double* sums) {
  sums[0] += sum_points(rows, [](double error) { return std::abs(error); });
}

double root(const void*, std::span<const double> sums, double weight) {
  return std::sqrt(mean_of(sums[0], weight));
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

}  // namespace engram
