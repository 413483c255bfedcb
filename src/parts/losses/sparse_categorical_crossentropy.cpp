// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"
#include "parts/losses/cross_entropy.hpp"
#include "parts/losses/loss_options.hpp"

namespace engram {

namespace {

void visit_options(SparseCategoricalCrossentropy& o, OptionVisitor& v) {
  visit_loss_options(v, "sparse_categorical_crossentropy");
  v.option("from_logits", o.from_logits);
  v.fixed("ignore_class", {});
}

std::int64_t class_of(float target, std::int64_t classes) {
  if (!(target >= 0 && target < static_cast<float>(classes) && target == std::floor(target))) {
    throw error<DataError>({.where = "sparse_categorical_crossentropy",
                            .expected = fmt::format("class numbers from 0 to {}", classes - 1),
                            .got = fmt::format("{}", target),
                            .remedy = "The last layer needs a unit for each class."});
  }
  return static_cast<std::int64_t>(target);
}

/// One row with its class; `gradient`, unless null, gets `factor` times the derivative.
struct OneRow {
  std::int64_t n = 0, label = 0;
  const float* values = nullptr;
  float* gradient = nullptr;
  double factor = 1;
};

/// -log softmax(z)[label]; derivative: softmax(z), less 1 at the label.
double by_logits(const OneRow& r) {
  const SoftmaxRow row = softmax_row(r.values, r.n, r.gradient);
  if (r.gradient != nullptr) {
    const double share = r.factor / row.sum;
    for (std::int64_t i = 0; i < r.n; ++i) {
      r.gradient[i] = static_cast<float>(share * r.gradient[i]);
    }
    const double p = std::exp(r.values[r.label] - row.max) / row.sum;
    r.gradient[r.label] = static_cast<float>(r.factor * (p - 1));
  }
  return std::log(row.sum) - (r.values[r.label] - row.max);
}

/// Keras takes log(clip(p)) for logits: log(sum c) - log(c[label]), c the clipped probabilities.
double by_probabilities(const OneRow& r) {
  double sum = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    sum += clip_probability(r.values[i]);
  }
  const double c = clip_probability(r.values[r.label]);
  for (std::int64_t i = 0; i < r.n && r.gradient != nullptr; ++i) {
    const double derivative = 1 / sum - (i == r.label ? 1 / c : 0);
    r.gradient[i] = static_cast<float>(r.factor * clip_derivative(r.values[i]) * derivative);
  }
  return std::log(sum) - std::log(c);
}

double evaluate(const void* options, const LossRows& rows) {
  const float* logits = logits_of<SparseCategoricalCrossentropy>(options, rows);
  double sum = 0;
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    const double weight = rows.weight == nullptr ? 1 : rows.weight[row];
    const std::int64_t at = row * rows.outputs;
    const OneRow one = {.n = rows.outputs,
                        .label = class_of(rows.target[row], rows.outputs),
                        .values = (logits != nullptr ? logits : rows.predicted) + at,
                        .gradient = rows.gradient == nullptr ? nullptr : rows.gradient + at,
                        .factor = rows.scale * weight};
    sum += weight * (logits != nullptr ? by_logits(one) : by_probabilities(one));
  }
  return sum;
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
