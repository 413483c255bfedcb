// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"

namespace engram {

namespace {

void visit_options(Huber& o, OptionVisitor& v) {
  visit_loss_options(v, "huber_loss", o.reduction);
  v.option("delta", o.delta, above(0));
}

double evaluate_huber(const void* options, const LossRows& rows) {
  const double delta = static_cast<double>(options_as<Huber>(options).delta);
  return evaluate_points(rows, rows.predicted, [delta](double p, double t) {
    const double error = p - t, size = std::abs(error);
    return size <= delta ? PointLoss{.loss = 0.5 * error * error, .derivative = error}
                         : PointLoss{.loss = delta * size - 0.5 * delta * delta,
                                     .derivative = std::copysign(delta, error)};
  });
}

}  // namespace

const LossSpec& huber_spec() {
  static const LossSpec spec = {.class_name = "Huber",
                                .name = "huber",
                                .access = options_access<Huber, visit_options>(),
                                .reduction = reduction_option<Huber>,
                                .uses_logits = never_uses_logits,
                                .evaluate = evaluate_huber};
  return spec;
}

const LossSpec& spec_of(const Huber&) { return huber_spec(); }

}  // namespace engram
