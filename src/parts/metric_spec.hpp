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
  OptionsAccess access = no_options();

  bool has_class_targets = false;                        ///< targets are class numbers, one a row
  bool (*takes_classes)(const void* options) = nullptr;  ///< the same, where options say so

  /// How many sums the metric keeps for so many outputs; null: one.
  std::int64_t (*count)(const void* options, std::int64_t outputs) = nullptr;

  /// Rows that the output's mask leaves out do not count. In Keras that is so for means only.
  bool uses_mask = true;

  /// Adds the rows (their gradient is null) to the sums; parts of a batch are added up in order.
  void (*add)(const void* options, const LossRows& rows, double* sums);

  /// What the sums over all batches come to; `weight` is that of all rows, 1 each without weights.
  double (*result)(const void* options, std::span<const double> sums, double weight) = nullptr;

  /// The same of a metric that may have several values.
  std::vector<double> (*results)(const void* options, std::span<const double> sums) = nullptr;

  bool keeps_whole_numbers = false;  ///< Keras's is of dtype int

  bool is_higher_better = false;  ///< what mode "auto" of callbacks goes by

  /// Errors: OptionError for options that do not go together.
  void (*check)(const void* options) = nullptr;
};

inline std::int64_t sums_of(const Metric& metric, std::int64_t outputs) {
  const auto count = metric.spec().count;
  return count == nullptr ? 1 : count(metric.options(), outputs);
}

bool has_class_targets(const Metric& metric);

/// Those that are not only named, by a file.
std::vector<Metric> judged_metrics(const std::vector<Metric>& metrics);

/// One value, or several.
std::vector<double> values_of(const Metric& metric, std::span<const double> sums, double weight);

/// Errors: OptionError.
void check_metric(const Metric& metric);

inline double mean_of(double sum, double weight) { return weight > 0 ? sum / weight : 0.0; }

/// MetricSpec::result of a mean over rows.
inline double mean_result(const void*, std::span<const double> sums, double weight) {
  return mean_of(sums[0], weight);
}

std::span<const MetricSpec* const> metrics();
const MetricSpec* find_metric(std::string_view name);
std::vector<std::string_view> metric_names();

/// What "accuracy" means (Keras): outputs 1: binary; class-number targets: sparse; else
/// categorical. Returns any other `metric` itself.
Metric resolve_accuracy(const Metric& metric, std::int64_t outputs, std::int64_t target_outputs);

}  // namespace engram
