// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"

namespace engram {

namespace {

void visit_options(MeanAbsoluteError& o, OptionVisitor& v) {
  visit_loss_options(v, "mean_absolute_error", o.reduction);
}

double evaluate_mean_absolute_error(const void*, const LossRows& rows) {
  return evaluate_points(rows, rows.predicted, [](double p, double t) {
    return PointLoss{.loss = std::abs(p - t), .derivative = static_cast<double>((p > t) - (p < t))};
  });
}

}  // namespace

const LossSpec& mean_absolute_error_spec() {
  static const LossSpec spec = {.class_name = "MeanAbsoluteError",
                                .name = "mean_absolute_error",
                                .other_names = {"mae", "MAE"},
                                .access = options_access<MeanAbsoluteError, visit_options>(),
                                .reduction = reduction_option<MeanAbsoluteError>,
                                .uses_logits = never_uses_logits,
                                .evaluate = evaluate_mean_absolute_error};
  return spec;
}

const LossSpec& spec_of(const MeanAbsoluteError&) { return mean_absolute_error_spec(); }

}  // namespace engram
