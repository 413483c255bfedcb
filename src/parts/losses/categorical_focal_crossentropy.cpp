// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include "parts/losses/cross_entropy.hpp"
#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"
#include "parts/losses/row_loss.hpp"

namespace engram {

namespace {

void visit_options(CategoricalFocalCrossentropy& o, OptionVisitor& v) {
  visit_loss_options(v, "categorical_focal_crossentropy", o.reduction);
  v.option("from_logits", o.from_logits);
  v.option("label_smoothing", o.label_smoothing, in_range(0, 1));
  v.fixed("axis", std::int64_t{-1});
  v.option("alpha", o.alpha, at_least(0));
  v.option("gamma", o.gamma, at_least(0));
}

/// sum alpha (1 - c)^gamma (-t log c), c the clipped shares q = p / sum p. The derivative goes back
/// through the clip, the quotient and, from logits, the softmax.
double row_loss(const CategoricalFocalCrossentropy& o, const OneRow& r) {
  const auto n = static_cast<std::size_t>(r.n);
  std::vector<double> p(r.values, r.values + n), d(n);
  if (o.from_logits) {
    const SoftmaxRow row = softmax_row(r.values, r.n, nullptr);
    for (double& value : p) {
      value = std::exp(value - row.max) / row.sum;
    }
  }
  double sum = 0, loss = 0, along = 0;
  for (const double value : p) {
    sum += value;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double t =
        r.target[i] * (1.0 - o.label_smoothing) + o.label_smoothing / static_cast<double>(n);
    const double q = p[i] / sum, c = clip_probability(q);
    const double focus = o.alpha * std::pow(1 - c, o.gamma);
    loss -= focus * t * std::log(c);
    const double slope = o.gamma * focus / (1 - c);
    d[i] = clip_derivative(q) * t * (slope * std::log(c) - focus / c);
    along += d[i] * q;
  }
  double mean = 0;  // of the gradient by p, under p: for the softmax
  for (std::size_t i = 0; i < n; ++i) {
    d[i] = (d[i] - along) / sum;
    mean += d[i] * p[i];
  }
  for (std::size_t i = 0; i < n && r.gradient != nullptr; ++i) {
    r.gradient[i] = static_cast<float>(r.factor * (o.from_logits ? p[i] * (d[i] - mean) : d[i]));
  }
  return loss;
}

double evaluate_categorical_focal_crossentropy(const void* options, const LossRows& rows) {
  const auto& o = options_as<CategoricalFocalCrossentropy>(options);
  return evaluate_rows(rows, rows.predicted, [&](const OneRow& r) { return row_loss(o, r); });
}

}  // namespace

const LossSpec& categorical_focal_crossentropy_spec() {
  static const LossSpec spec = {
      .class_name = "CategoricalFocalCrossentropy",
      .name = "categorical_focal_crossentropy",
      .access = options_access<CategoricalFocalCrossentropy, visit_options>(),
      .reduction = reduction_option<CategoricalFocalCrossentropy>,
      .uses_logits = never_uses_logits,
      .evaluate = evaluate_categorical_focal_crossentropy};
  return spec;
}

const LossSpec& spec_of(const CategoricalFocalCrossentropy&) {
  return categorical_focal_crossentropy_spec();
}

}  // namespace engram
