// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"

namespace engram {

namespace {

void visit_options(LogCosh& o, OptionVisitor& v) { visit_loss_options(v, "log_cosh", o.reduction); }

// Near 0 the sum cancels; log1p(2 sinh^2(e / 2)) does not. Far out cosh overflows; the sum does
// not.
double log_cosh(double error) {
  const double size = std::abs(error);
  const double half = std::sinh(0.5 * size);
  return size < 1 ? std::log1p(2 * half * half)
                  : size + std::log1p(std::exp(-2 * size)) - std::numbers::ln2;
}

double evaluate_log_cosh(const void*, const LossRows& rows) {
  return evaluate_points(rows, rows.predicted, [](double p, double t) {
    return PointLoss{.loss = log_cosh(p - t), .derivative = std::tanh(p - t)};
  });
}

}  // namespace

const LossSpec& log_cosh_spec() {
  static const LossSpec spec = {.class_name = "LogCosh",
                                .name = "log_cosh",
                                .access = options_access<LogCosh, visit_options>(),
                                .reduction = reduction_option<LogCosh>,
                                .uses_logits = never_uses_logits,
                                .evaluate = evaluate_log_cosh};
  return spec;
}

const LossSpec& spec_of(const LogCosh&) { return log_cosh_spec(); }

}  // namespace engram
