// SPDX-License-Identifier: Apache-2.0
/// Means over rows of how a row's outputs go with its targets.
#include <cmath>
#include <numeric>

#include "parts/metric_spec.hpp"

namespace engram {

namespace {

struct Moments {
  double mean = 0, variance = 0;
};

Moments moments(const float* values, std::int64_t n) {
  const auto count = static_cast<double>(n);
  const double mean = std::accumulate(values, values + n, 0.0) / count;
  double squares = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    squares += (values[i] - mean) * (values[i] - mean);
  }
  return {.mean = mean, .variance = squares / count};
}

/// The mean of (t - mean t) (p - mean p) over the deviations; NaN without any, as in Keras.
double pearson(const float* p, const float* t, std::int64_t n) {
  const Moments a = moments(p, n), b = moments(t, n);
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    sum += (p[i] - a.mean) * (t[i] - b.mean);
  }
  return sum / static_cast<double>(n) / std::sqrt(a.variance * b.variance);
}

/// Keras takes the mean of the outputs from targets, too; the sum is the same.
double concordance(const float* p, const float* t, std::int64_t n) {
  const Moments a = moments(p, n), b = moments(t, n);
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    sum += (p[i] - a.mean) * (t[i] - a.mean);
  }
  const double apart = (b.mean - a.mean) * (b.mean - a.mean);
  return 2 * sum / static_cast<double>(n) / (a.variance + b.variance + apart + 1e-7);
}

template <auto kRow>
void add_correlations(const void*, const LossRows& rows, double* sums) {
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    const double weight = rows.weight == nullptr ? 1.0 : rows.weight[row];
    const std::int64_t at = row * rows.outputs;
    sums[0] += weight * kRow(rows.predicted + at, rows.target + at, rows.outputs);
  }
}

struct LastAxis {};

void visit_options(LastAxis&, OptionVisitor& v) { v.fixed("axis", std::int64_t{-1}); }

template <auto kRow>
MetricSpec make_correlations_spec(std::string_view class_name, std::string_view name) {
  return {.class_name = class_name,
          .name = name,
          .access = options_access<LastAxis, visit_options>(),
          .add = add_correlations<kRow>,
          .result = mean_result,
          .is_higher_better = true};
}

}  // namespace

const MetricSpec& pearson_correlation_spec() {
  static const MetricSpec spec =
      make_correlations_spec<pearson>("PearsonCorrelation", "pearson_correlation");
  return spec;
}

const MetricSpec& concordance_correlation_spec() {
  static const MetricSpec spec =
      make_correlations_spec<concordance>("ConcordanceCorrelation", "concordance_correlation");
  return spec;
}

}  // namespace engram
