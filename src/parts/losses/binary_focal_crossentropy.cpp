// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "parts/losses/cross_entropy.hpp"
#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"

namespace engram {

namespace {

void visit_options(BinaryFocalCrossentropy& o, OptionVisitor& v) {
  visit_loss_options(v, "binary_focal_crossentropy", o.reduction);
  v.option("from_logits", o.from_logits);
  v.option("label_smoothing", o.label_smoothing, in_range(0, 1));
  v.fixed("axis", std::int64_t{-1});
  v.option("apply_class_balancing", o.apply_class_balancing);
  v.option("alpha", o.alpha, in_range(0, 1));
  v.option("gamma", o.gamma, at_least(0));
}

/// (1 - p_t)^gamma times the cross-entropy, p_t = t p + (1 - t)(1 - p), both with their derivatives
/// by the same variable; dp is that of p by it.
PointLoss focal(
    const BinaryFocalCrossentropy& o, const PointLoss& entropy, double p, double dp, double t) {
  const double wrong = 1 - (t * p + (1 - t) * (1 - p));
  const double focus = std::pow(wrong, o.gamma);
  const double slope = wrong > 0 ? o.gamma * std::pow(wrong, o.gamma - 1) * (1 - 2 * t) * dp : 0;
  const double weight = o.apply_class_balancing ? t * o.alpha + (1 - t) * (1 - o.alpha) : 1.0;
  return {.loss = weight * focus * entropy.loss,
          .derivative = weight * (focus * entropy.derivative + slope * entropy.loss)};
}

/// By logits where there are some, which never overflows.
double evaluate_binary_focal_crossentropy(const void* options, const LossRows& rows) {
  const auto& o = options_as<BinaryFocalCrossentropy>(options);
  const float* logits = logits_of<BinaryFocalCrossentropy>(options, rows);
  const double smoothing = o.label_smoothing;
  return evaluate_points(
      rows, logits != nullptr ? logits : rows.predicted, [&](double value, double target) {
        const double t = target * (1 - smoothing) + 0.5 * smoothing;
        if (logits == nullptr) {
          return focal(o, entropy_of_probability(value, t), value, 1, t);
        }
        const double p = 1 / (1 + std::exp(-value));
        return focal(o, entropy_of_logit(value, t), p, p * (1 - p), t);
      });
}

bool uses_sigmoids_logits(const void*, LogitsOf from) { return from == LogitsOf::sigmoid; }

}  // namespace

const LossSpec& binary_focal_crossentropy_spec() {
  static const LossSpec spec = {.class_name = "BinaryFocalCrossentropy",
                                .name = "binary_focal_crossentropy",
                                .access = options_access<BinaryFocalCrossentropy, visit_options>(),
                                .reduction = reduction_option<BinaryFocalCrossentropy>,
                                .uses_logits = uses_sigmoids_logits,
                                .evaluate = evaluate_binary_focal_crossentropy};
  return spec;
}

const LossSpec& spec_of(const BinaryFocalCrossentropy&) { return binary_focal_crossentropy_spec(); }

}  // namespace engram
