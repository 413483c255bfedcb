// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

void visit_options(Adadelta& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "adadelta");
  v.option("rho", o.rho, in_range(0, 1));
  v.option("epsilon", o.epsilon, at_least(0));
}

std::vector<std::string_view> adadelta_slots(const void*) {
  return {"accumulated_grad", "accumulated_delta_var"};
}

/// s = rho s + (1 - rho) g*g; step = g sqrt((d + epsilon) / (s + epsilon));
/// d = rho d + (1 - rho) step*step; w -= lr step.
void update_by_adadelta(const void* options, const UpdateRange& r) {
  const auto& o = options_as<Adadelta>(options);
  decay_weights(o.weight_decay, r);
  float *squares = r.slots[0], *steps = r.slots[1];
  for (std::int64_t i = 0; i < r.n; ++i) {
    const float g = r.gradient[i];
    squares[i] = o.rho * squares[i] + (1 - o.rho) * (g * g);
    const float step = std::sqrt(steps[i] + o.epsilon) * g / std::sqrt(squares[i] + o.epsilon);
    steps[i] = o.rho * steps[i] + (1 - o.rho) * (step * step);
    r.weights[i] -= r.learning_rate * step;
  }
}

}  // namespace

const OptimizerSpec& adadelta_spec() {
  static const OptimizerSpec spec = {.class_name = "Adadelta",
                                     .name = "adadelta",
                                     .access = options_access<Adadelta, visit_options>(),
                                     .slots = adadelta_slots,
                                     .common = common_of<Adadelta>,
                                     .interleaved_slots = 2,
                                     .update = update_by_adadelta};
  return spec;
}

const OptimizerSpec& spec_of(const Adadelta&) { return adadelta_spec(); }

}  // namespace engram
