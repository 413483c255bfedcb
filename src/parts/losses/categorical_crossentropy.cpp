// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include "parts/losses/cross_entropy.hpp"
#include "parts/losses/loss_options.hpp"
#include "parts/losses/row_loss.hpp"

namespace engram {

namespace {

void visit_options(CategoricalCrossentropy& o, OptionVisitor& v) {
  visit_loss_options(v, "categorical_crossentropy", o.reduction);
  v.option("from_logits", o.from_logits);
  v.option("label_smoothing", o.label_smoothing, in_range(0, 1));
  v.fixed("axis", std::int64_t{-1});
}

/// -sum t log softmax(z); derivative: softmax(z) sum(t) - t.
double by_logits(const OneRow& r) {
  const SoftmaxRow row = softmax_row(r.values, r.n, r.gradient);
  const double log_sum = std::log(row.sum);
  double loss = 0, targets = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    const double t = r.target[i];
    loss += t == 0 ? 0 : t * (log_sum - (r.values[i] - row.max));  // 0 of an infinite logit is 0
    targets += t;
  }
  for (std::int64_t i = 0; i < r.n && r.gradient != nullptr; ++i) {
    const double p = static_cast<double>(r.gradient[i]) / row.sum;
    r.gradient[i] = static_cast<float>(r.factor * (targets * p - r.target[i]));
  }
  return row.sum == row.sum ? loss : row.sum;  // NaN among the logits
}

/// -sum t log clip(q), q = p / sum(p); derivative: (g - sum(g q)) / sum(p), g that by q.
double by_probabilities(const OneRow& r) {
  double sum = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    sum += r.values[i];
  }
  double loss = 0, along = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    const double q = r.values[i] / sum, c = clip_probability(q);
    loss -= r.target[i] * std::log(c);
    along -= r.target[i] / c * clip_derivative(q) * q;
  }
  for (std::int64_t i = 0; i < r.n && r.gradient != nullptr; ++i) {
    const double q = r.values[i] / sum;
    const double g = -r.target[i] / clip_probability(q) * clip_derivative(q);
    r.gradient[i] = static_cast<float>(r.factor * (g - along) / sum);
  }
  return loss;
}

double evaluate_categorical_crossentropy(const void* options, const LossRows& rows) {
  const auto& o = options_as<CategoricalCrossentropy>(options);
  const float* logits = logits_of<CategoricalCrossentropy>(options, rows);
  std::vector<float> smooth;
  LossRows with_smooth = rows;
  if (o.label_smoothing > 0) {
    const float share = o.label_smoothing / static_cast<float>(rows.outputs);
    smooth.assign(rows.target, rows.target + rows.rows * rows.outputs);
    for (float& t : smooth) {
      t = t * (1 - o.label_smoothing) + share;
    }
    with_smooth.target = smooth.data();
  }
  return logits != nullptr ? evaluate_rows(with_smooth, logits, by_logits)
                           : evaluate_rows(with_smooth, rows.predicted, by_probabilities);
}

}  // namespace

const LossSpec& categorical_crossentropy_spec() {
  static const LossSpec spec = {.class_name = "CategoricalCrossentropy",
                                .name = "categorical_crossentropy",
                                .access = options_access<CategoricalCrossentropy, visit_options>(),
                                .reduction = reduction_option<CategoricalCrossentropy>,
                                .uses_logits = uses_kept_logits,
                                .evaluate = evaluate_categorical_crossentropy};
  return spec;
}

const LossSpec& spec_of(const CategoricalCrossentropy&) { return categorical_crossentropy_spec(); }

}  // namespace engram
