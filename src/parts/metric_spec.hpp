// SPDX-License-Identifier: Apache-2.0
/// What a metric is to the engine and to the files.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engram/metrics.hpp"
#include "parts/loss_spec.hpp"

namespace engram {

struct MetricSpec {
  std::string_view class_name;                ///< "MeanAbsoluteError"
  std::string_view name;                      ///< "mean_absolute_error"
  std::vector<std::string_view> other_names;  ///< "mae", "MAE"

  bool has_class_targets = false;  ///< targets are class numbers, one a row

  /// How many sums the metric keeps for so many outputs; null: one.
  std::int64_t (*count)(std::int64_t outputs) = nullptr;

  /// Rows that the output's mask leaves out do not count. In Keras that is so for means only.
  bool uses_mask = true;

  /// Adds the rows (their gradient is null) to the sums; parts of a batch are added up in order.
  void (*add)(const LossRows& rows, double* sums);

  /// What the sums over all batches come to; `weight` is that of all rows, 1 each without weights.
  double (*result)(std::span<const double> sums, double weight);

  bool is_higher_better = false;  ///< what mode "auto" of callbacks goes by

  /// Keras's options in files, each with the only value that is supported.
  std::vector<std::pair<std::string_view, FixedValue>> options = {};
};

inline std::int64_t sums_of(const MetricSpec& metric, std::int64_t outputs) {
  return metric.count == nullptr ? 1 : metric.count(outputs);
}

inline double mean_of(double sum, double weight) { return weight > 0 ? sum / weight : 0.0; }

/// MetricSpec::result of a mean over rows.
inline double mean_result(std::span<const double> sums, double weight) {
  return mean_of(sums[0], weight);
}

std::span<const MetricSpec* const> metrics();
const MetricSpec* find_metric(std::string_view name);
std::vector<std::string_view> metric_names();

/// What "accuracy" means (Keras): outputs 1: binary; class-number targets: sparse; else
/// categorical. Returns `metric`'s own spec when it is any other.
const MetricSpec& resolve_accuracy(const Metric& metric,
                                   std::int64_t outputs,
                                   std::int64_t target_outputs);

}  // namespace engram
