// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "parts/losses/cross_entropy.hpp"
#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"

namespace engram {

namespace {

void visit_options(BinaryCrossentropy& o, OptionVisitor& v) {
  visit_loss_options(v, "binary_crossentropy");
  v.option("from_logits", o.from_logits);
  v.fixed("label_smoothing", 0.0);
  v.fixed("axis", std::int64_t{-1});
}

/// max(z, 0) - z t + log(1 + exp(-|z|)), which never overflows.
PointLoss by_logit(double z, double t) {
  const double e = std::exp(-std::abs(z));
  const double sigmoid = z >= 0 ? 1 / (1 + e) : e / (1 + e);
  return {.loss = std::max(z, 0.0) - z * t + std::log1p(e), .derivative = sigmoid - t};
}

PointLoss by_probability(double p, double t) {
  const double c = clip_probability(p);
  return {.loss = -(t * std::log(c) + (1 - t) * std::log1p(-c)),
          .derivative = clip_derivative(p) * ((1 - t) / (1 - c) - t / c)};
}

double evaluate(const void* options, const LossRows& rows) {
  const float* logits = logits_of<BinaryCrossentropy>(options, rows);
  return logits != nullptr ? evaluate_points(rows, logits, by_logit)
                           : evaluate_points(rows, rows.predicted, by_probability);
}

}  // namespace

const LossSpec& binary_crossentropy_spec() {
  static const LossSpec spec = {.class_name = "BinaryCrossentropy",
                                .name = "binary_crossentropy",
                                .other_names = {"bce", "BCE"},
                                .access = options_access<BinaryCrossentropy, visit_options>(),
                                .uses_logits = uses_kept_logits,
                                .evaluate = evaluate};
  return spec;
}

const LossSpec& spec_of(const BinaryCrossentropy&) { return binary_crossentropy_spec(); }

}  // namespace engram
