// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"

namespace engram {

namespace {

constexpr double kSmallestValue = static_cast<double>(1e-7f);

void visit_options(MeanSquaredLogarithmicError& o, OptionVisitor& v) {
  visit_loss_options(v, "mean_squared_logarithmic_error", o.reduction);
}

double evaluate_mean_squared_logarithmic_error(const void*, const LossRows& rows) {
  return evaluate_points(rows, rows.predicted, [](double p, double t) {
    const double error =
        std::log1p(std::max(p, kSmallestValue)) - std::log1p(std::max(t, kSmallestValue));
    return PointLoss{.loss = error * error,
                     .derivative = p >= kSmallestValue ? 2 * error / (1 + p) : 0};
  });
}

}  // namespace

const LossSpec& mean_squared_logarithmic_error_spec() {
  static const LossSpec spec = {
      .class_name = "MeanSquaredLogarithmicError",
      .name = "mean_squared_logarithmic_error",
      .other_names = {"msle", "MSLE"},
      .access = options_access<MeanSquaredLogarithmicError, visit_options>(),
      .reduction = reduction_option<MeanSquaredLogarithmicError>,
      .uses_logits = never_uses_logits,
      .evaluate = evaluate_mean_squared_logarithmic_error};
  return spec;
}

const LossSpec& spec_of(const MeanSquaredLogarithmicError&) {
  return mean_squared_logarithmic_error_spec();
}

}  // namespace engram
