// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"

namespace engram {

namespace {

void visit_options(Poisson& o, OptionVisitor& v) { visit_loss_options(v, "poisson", o.reduction); }

double evaluate_poisson(const void*, const LossRows& rows) {
  return evaluate_points(rows, rows.predicted, [](double p, double t) {
    const double above = p + static_cast<double>(1e-7f);
    return PointLoss{.loss = p - t * std::log(above), .derivative = 1 - t / above};
  });
}

}  // namespace

const LossSpec& poisson_spec() {
  static const LossSpec spec = {.class_name = "Poisson",
                                .name = "poisson",
                                .access = options_access<Poisson, visit_options>(),
                                .reduction = reduction_option<Poisson>,
                                .uses_logits = never_uses_logits,
                                .evaluate = evaluate_poisson};
  return spec;
}

const LossSpec& spec_of(const Poisson&) { return poisson_spec(); }

}  // namespace engram
