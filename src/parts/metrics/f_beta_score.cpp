// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "parts/metric_spec.hpp"

namespace engram {

namespace {

constexpr std::array<std::string_view, 3> kAverages = {"micro", "macro", "weighted"};
constexpr double kFBetaEpsilon = 1e-7;

constexpr Rule kThreshold = {.low = 0, .high = 1, .is_low_open = true};

void visit_options(FBetaScore& o, OptionVisitor& v) {
  v.option("average", o.average, kAverages);
  v.option("beta", o.beta, above(0));
  v.option("threshold", o.threshold, kThreshold);
}

void visit_options(F1Score& o, OptionVisitor& v) {
  v.option("average", o.average, kAverages);
  v.option("threshold", o.threshold, kThreshold);
}

/// Of each output: right ones, false alarms, missed ones, and targets.
std::int64_t f_beta_score_sums(const void*, std::int64_t outputs) { return 4 * outputs; }

template <class Options>
void add_f_beta_score(const void* options, const LossRows& rows, double* sums) {
  const auto& o = options_as<Options>(options);
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    const double weight = rows.weight == nullptr ? 1.0 : rows.weight[row];
    const float* p = rows.predicted + row * rows.outputs;
    const float* t = rows.target + row * rows.outputs;
    const float largest = *std::max_element(p, p + rows.outputs);
    for (std::int64_t i = 0; i < rows.outputs; ++i) {
      const bool is_yes =
          o.threshold ? p[i] > *o.threshold : p[i] >= largest && std::abs(p[i]) > 1e-9f;
      const double yes = is_yes ? 1 : 0, target = t[i];
      sums[4 * i] += weight * yes * target;
      sums[4 * i + 1] += weight * yes * (1 - target);
      sums[4 * i + 2] += weight * (1 - yes) * target;
      sums[4 * i + 3] += weight * target;
    }
  }
}

double score(const double* sums, double beta) {
  const double precision = sums[0] / (sums[0] + sums[1] + kFBetaEpsilon);
  const double recall = sums[0] / (sums[0] + sums[2] + kFBetaEpsilon);
  const double squared = beta * beta;
  return precision * recall / (squared * precision + recall + kFBetaEpsilon) * (1 + squared);
}

template <class Options>
std::vector<double> f_beta_score_results(const void* options, std::span<const double> sums) {
  const auto& o = options_as<Options>(options);
  double beta = 1;
  if constexpr (std::is_same_v<Options, FBetaScore>) {
    beta = o.beta;
  }
  std::vector<double> scores;
  std::array<double, 4> all{};
  for (std::size_t i = 0; i < sums.size(); i += 4) {
    scores.push_back(score(&sums[i], beta));
    for (std::size_t k = 0; k < 4; ++k) {
      all[k] += sums[i + k];
    }
  }
  if (!o.average) {
    return scores;
  }
  if (*o.average == "micro") {
    return {score(all.data(), beta)};
  }
  double sum = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    sum += scores[i] * (*o.average == "macro" ? 1 / static_cast<double>(scores.size())
                                              : sums[4 * i + 3] / (all[3] + kFBetaEpsilon));
  }
  return {sum};
}

template <class Options>
MetricSpec make_f_beta_score_spec(std::string_view class_name, std::string_view name) {
  return {.class_name = class_name,
          .name = name,
          .access = options_access<Options, visit_options>(),
          .count = f_beta_score_sums,
          .uses_mask = false,
          .add = add_f_beta_score<Options>,
          .results = f_beta_score_results<Options>,
          .is_higher_better = true};
}

}  // namespace

const MetricSpec& f_beta_score_spec() {
  static const MetricSpec spec = [] {
    MetricSpec made = make_f_beta_score_spec<FBetaScore>("FBetaScore", "fbeta_score");
    made.other_names = {"f_beta_score"};
    return made;
  }();
  return spec;
}

const MetricSpec& f1_score_spec() {
  static const MetricSpec spec = make_f_beta_score_spec<F1Score>("F1Score", "f1_score");
  return spec;
}

const MetricSpec& spec_of(const FBetaScore&) { return f_beta_score_spec(); }

const MetricSpec& spec_of(const F1Score&) { return f1_score_spec(); }

}  // namespace engram
