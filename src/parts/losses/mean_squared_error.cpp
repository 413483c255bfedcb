// SPDX-License-Identifier: Apache-2.0
#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"

namespace engram {

namespace {

void visit_options(MeanSquaredError& o, OptionVisitor& v) {
  visit_loss_options(v, "mean_squared_error", o.reduction);
}

double evaluate_mean_squared_error(const void*, const LossRows& rows) {
  return evaluate_points(rows, rows.predicted, [](double p, double t) {
    return PointLoss{.loss = (p - t) * (p - t), .derivative = 2 * (p - t)};
  });
}

}  // namespace

const LossSpec& mean_squared_error_spec() {
  static const LossSpec spec = {.class_name = "MeanSquaredError",
                                .name = "mean_squared_error",
                                .other_names = {"mse", "MSE"},
                                .access = options_access<MeanSquaredError, visit_options>(),
                                .reduction = reduction_option<MeanSquaredError>,
                                .uses_logits = never_uses_logits,
                                .evaluate = evaluate_mean_squared_error};
  return spec;
}

const LossSpec& spec_of(const MeanSquaredError&) { return mean_squared_error_spec(); }

}  // namespace engram
