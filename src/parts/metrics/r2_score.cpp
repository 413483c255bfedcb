// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>

#include "parts/metric_spec.hpp"

namespace engram {

namespace {

constexpr std::array<std::string_view, 2> kAggregations = {"uniform_average",
                                                           "variance_weighted_average"};

void visit_options(R2Score& o, OptionVisitor& v) {
  v.option("class_aggregation", o.class_aggregation, kAggregations);
  v.option("num_regressors", o.num_regressors, at_least(0));
}

/// Of squared errors, targets and squared targets of each output; the weight; the targets seen.
std::int64_t r2_score_sums(const void*, std::int64_t outputs) { return 3 * outputs + 2; }

void add_r2_score(const void*, const LossRows& rows, double* sums) {
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
  squares[rows.outputs + 1] += static_cast<double>(rows.rows * rows.outputs);
}

/// 1 - squared errors / variance for each output, 0 without variance.
std::vector<double> r2_score_results(const void* options, std::span<const double> sums) {
  const auto& o = options_as<R2Score>(options);
  const std::size_t outputs = sums.size() / 3;
  const double weight = sums[3 * outputs], seen = sums.back();
  std::vector<double> scores;
  double sum = 0, variances = 0;
  for (std::size_t i = 0; i < outputs; ++i) {
    const double targets = sums[outputs + i];
    const double variance = sums[2 * outputs + i] - targets * (targets / weight);
    const double score = 1 - sums[i] / variance;
    scores.push_back(std::isinf(score) ? 0.0 : score);
    const double share = o.class_aggregation == "uniform_average" ? 1.0 : variance;
    sum += share * scores.back();
    variances += share;
  }
  if (o.class_aggregation) {
    scores = {sum / variances};
  }
  const auto regressors = static_cast<double>(o.num_regressors);
  for (double& score : scores) {
    if (regressors > 0 && regressors < seen - 1) {  // else Keras warns and leaves it
      score = 1 - (1 - score) * (seen - 1) / (seen - regressors - 1);
    }
  }
  return scores;
}

}  // namespace

const MetricSpec& r2_score_spec() {
  static const MetricSpec spec = {.class_name = "R2Score",
                                  .name = "r2_score",
                                  .access = options_access<R2Score, visit_options>(),
                                  .count = r2_score_sums,
                                  .uses_mask = false,
                                  .add = add_r2_score,
                                  .results = r2_score_results,
                                  .is_higher_better = true};
  return spec;
}

const MetricSpec& spec_of(const R2Score&) { return r2_score_spec(); }

}  // namespace engram
