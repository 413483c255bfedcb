// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "parts/losses/class_targets.hpp"
#include "parts/losses/cross_entropy.hpp"
#include "parts/losses/loss_options.hpp"
#include "parts/losses/row_loss.hpp"

namespace engram {

namespace {

void visit_options(SparseCategoricalCrossentropy& o, OptionVisitor& v) {
  visit_loss_options(v, "sparse_categorical_crossentropy");
  v.option("from_logits", o.from_logits);
  v.fixed("ignore_class", {});
}

std::int64_t label_of(const OneRow& r) {
  return class_of(*r.target, r.n, "sparse_categorical_crossentropy");
}

/// -log softmax(z)[label]; derivative: softmax(z), less 1 at the label.
double by_logits(const OneRow& r) {
  const std::int64_t label = label_of(r);
  const SoftmaxRow row = softmax_row(r.values, r.n, r.gradient);
  if (r.gradient != nullptr) {
    const double share = r.factor / row.sum;
    for (std::int64_t i = 0; i < r.n; ++i) {
      r.gradient[i] = static_cast<float>(share * r.gradient[i]);
    }
    const double p = std::exp(r.values[label] - row.max) / row.sum;
    r.gradient[label] = static_cast<float>(r.factor * (p - 1));
  }
  return std::log(row.sum) - (r.values[label] - row.max);
}

/// Keras takes log(clip(p)) for logits: log(sum c) - log(c[label]), c the clipped probabilities.
double by_probabilities(const OneRow& r) {
  const std::int64_t label = label_of(r);
  double sum = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    sum += clip_probability(r.values[i]);
  }
  const double c = clip_probability(r.values[label]);
  for (std::int64_t i = 0; i < r.n && r.gradient != nullptr; ++i) {
    const double derivative = 1 / sum - (i == label ? 1 / c : 0);
    r.gradient[i] = static_cast<float>(r.factor * clip_derivative(r.values[i]) * derivative);
  }
  return std::log(sum) - std::log(c);
}

double evaluate(const void* options, const LossRows& rows) {
  const float* logits = logits_of<SparseCategoricalCrossentropy>(options, rows);
  return logits != nullptr ? evaluate_rows(rows, logits, 1, by_logits)
                           : evaluate_rows(rows, rows.predicted, 1, by_probabilities);
}

}  // namespace

const LossSpec& sparse_categorical_crossentropy_spec() {
  static const LossSpec spec = {
      .class_name = "SparseCategoricalCrossentropy",
      .name = "sparse_categorical_crossentropy",
      .access = options_access<SparseCategoricalCrossentropy, visit_options>(),
      .has_class_targets = true,
      .uses_logits = uses_kept_logits,
      .evaluate = evaluate};
  return spec;
}

const LossSpec& spec_of(const SparseCategoricalCrossentropy&) {
  return sparse_categorical_crossentropy_spec();
}

}  // namespace engram
