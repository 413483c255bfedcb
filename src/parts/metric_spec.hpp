// SPDX-License-Identifier: Apache-2.0
/// What a metric is to the engine and to the files.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engram/metrics.hpp"
#include "parts/loss_spec.hpp"

namespace engram {

struct MetricSpec {
  std::string_view class_name;                ///< "MeanAbsoluteError"
  std::string_view name;                      ///< "mean_absolute_error"
  std::vector<std::string_view> other_names;  ///< "mae", "MAE"

  bool has_class_targets = false;  ///< targets are class numbers, one a row

  /// The sum over rows (logits and gradient of `rows` are not used); the metric is `result` of
  /// that sum, over all batches, divided by the number (or weight) of rows.
  double (*sum)(const LossRows& rows);
  double (*result)(double mean);
  bool is_higher_better = false;  ///< what mode "auto" of callbacks goes by
};

std::span<const MetricSpec* const> metrics();
const MetricSpec* find_metric(std::string_view name);
std::vector<std::string_view> metric_names();

/// What "accuracy" means (Keras): outputs 1: binary; class-number targets: sparse; else
/// categorical. Returns `metric`'s own spec when it is any other.
const MetricSpec& resolve_accuracy(const Metric& metric,
                                   std::int64_t outputs,
                                   std::int64_t target_outputs);

}  // namespace engram
