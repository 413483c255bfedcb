// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

void visit_options(Adamax& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "adamax");
  v.option("beta_1", o.beta_1, in_range_below(0, 1));
  v.option("beta_2", o.beta_2, in_range_below(0, 1));
  v.option("epsilon", o.epsilon, at_least(0));
}

std::vector<std::string_view> adamax_slots(const void*) { return {"momentum", "norm"}; }

/// m += (g - m)(1 - beta_1); u = max(beta_2 u, |g|); w -= lr m / ((1 - beta_1^t)(u + epsilon)).
void update_by_adamax(const void* options, const UpdateRange& r) {
  const auto& o = options_as<Adamax>(options);
  decay_weights(o.weight_decay, r);
  const auto alpha = static_cast<float>(r.learning_rate / (1 - power(o.beta_1, r.iteration)));
  float *m = r.slots[0], *u = r.slots[1];
  for (std::int64_t i = 0; i < r.n; ++i) {
    m[i] += (r.gradient[i] - m[i]) * (1 - o.beta_1);
    u[i] = std::max(o.beta_2 * u[i], std::abs(r.gradient[i]));
    r.weights[i] -= alpha * m[i] / (u[i] + o.epsilon);
  }
}

}  // namespace

const OptimizerSpec& adamax_spec() {
  static const OptimizerSpec spec = {.class_name = "Adamax",
                                     .name = "adamax",
                                     .access = options_access<Adamax, visit_options>(),
                                     .slots = adamax_slots,
                                     .common = common_of<Adamax>,
                                     .interleaved_slots = 2,
                                     .update = update_by_adamax};
  return spec;
}

const OptimizerSpec& spec_of(const Adamax&) { return adamax_spec(); }

}  // namespace engram
