// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "parts/losses/class_targets.hpp"
#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"
#include "parts/losses/row_loss.hpp"

namespace engram {

namespace {

void visit_options(CategoricalGeneralizedCrossEntropy& o, OptionVisitor& v) {
  visit_loss_options(v, "categorical_generalized_cross_entropy", o.reduction);
  v.option("q", o.q, {.low = 0, .high = 1, .is_high_open = true, .is_low_open = true});
}

/// (1 - p[label]^q) / q
double row_loss(double q, const OneRow& r) {
  const std::int64_t label = class_of(*r.target, r.n, "categorical_generalized_cross_entropy");
  const double p = r.values[label];
  if (r.gradient != nullptr) {
    std::fill_n(r.gradient, r.n, 0.0f);
    r.gradient[label] = static_cast<float>(-r.factor * std::pow(p, q - 1));
  }
  return (1 - std::pow(p, q)) / q;
}

double evaluate_categorical_generalized_cross_entropy(const void* options, const LossRows& rows) {
  const double q = options_as<CategoricalGeneralizedCrossEntropy>(options).q;
  return evaluate_rows(rows, rows.predicted, 1, [q](const OneRow& r) { return row_loss(q, r); });
}

}  // namespace

const LossSpec& categorical_generalized_cross_entropy_spec() {
  static const LossSpec spec = {
      .class_name = "CategoricalGeneralizedCrossEntropy",
      .name = "categorical_generalized_cross_entropy",
      .access = options_access<CategoricalGeneralizedCrossEntropy, visit_options>(),
      .reduction = reduction_option<CategoricalGeneralizedCrossEntropy>,
      .has_class_targets = true,
      .uses_logits = never_uses_logits,
      .evaluate = evaluate_categorical_generalized_cross_entropy};
  return spec;
}

const LossSpec& spec_of(const CategoricalGeneralizedCrossEntropy&) {
  return categorical_generalized_cross_entropy_spec();
}

}  // namespace engram
