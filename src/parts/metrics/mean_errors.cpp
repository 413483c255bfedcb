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

double squared(const LossRows& rows) {
  return sum_points(rows, [](double error) { return error * error; });
}

double absolute(const LossRows& rows) {
  return sum_points(rows, [](double error) { return std::abs(error); });
}

double itself(double mean) { return mean; }

double root(double mean) { return std::sqrt(mean); }

}  // namespace

const MetricSpec& mean_squared_error_metric_spec() {
  static const MetricSpec spec = {.class_name = "MeanSquaredError",
                                  .name = "mean_squared_error",
                                  .other_names = {"mse", "MSE"},
                                  .sum = squared,
                                  .result = itself};
  return spec;
}

const MetricSpec& mean_absolute_error_metric_spec() {
  static const MetricSpec spec = {.class_name = "MeanAbsoluteError",
                                  .name = "mean_absolute_error",
                                  .other_names = {"mae", "MAE"},
                                  .sum = absolute,
                                  .result = itself};
  return spec;
}

/// The root of the mean over all batches, not the mean of their roots.
const MetricSpec& root_mean_squared_error_spec() {
  static const MetricSpec spec = {.class_name = "RootMeanSquaredError",
                                  .name = "root_mean_squared_error",
                                  .sum = squared,
                                  .result = root};
  return spec;
}

}  // namespace engram
