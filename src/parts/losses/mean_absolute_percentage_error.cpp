// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"

namespace engram {

namespace {

void visit_options(MeanAbsolutePercentageError& o, OptionVisitor& v) {
  visit_loss_options(v, "mean_absolute_percentage_error", o.reduction);
}

double evaluate_mean_absolute_percentage_error(const void*, const LossRows& rows) {
  return evaluate_points(rows, rows.predicted, [](double p, double t) {
    const double per = 100 / std::max(std::abs(t), static_cast<double>(1e-7f)), error = p - t;
    return PointLoss{.loss = per * std::abs(error),
                     .derivative = per * static_cast<double>((error > 0) - (error < 0))};
  });
}

}  // namespace

const LossSpec& mean_absolute_percentage_error_spec() {
  static const LossSpec spec = {
      .class_name = "MeanAbsolutePercentageError",
      .name = "mean_absolute_percentage_error",
      .other_names = {"mape", "MAPE"},
      .access = options_access<MeanAbsolutePercentageError, visit_options>(),
      .reduction = reduction_option<MeanAbsolutePercentageError>,
      .uses_logits = never_uses_logits,
      .evaluate = evaluate_mean_absolute_percentage_error};
  return spec;
}

const LossSpec& spec_of(const MeanAbsolutePercentageError&) {
  return mean_absolute_percentage_error_spec();
}

}  // namespace engram
