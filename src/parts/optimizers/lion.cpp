// SPDX-License-Identifier: Apache-2.0
#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

void visit_options(Lion& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "lion");
  v.option("beta_1", o.beta_1, {.low = 0, .high = 1, .is_low_open = true});
  v.option("beta_2", o.beta_2, in_range(0, 1));
}

std::vector<std::string_view> lion_slots(const void*) { return {"momentum"}; }

/// w -= lr sign(beta_1 m + (1 - beta_1) g); m = beta_2 m + (1 - beta_2) g.
void update_by_lion(const void* options, const UpdateRange& r) {
  const auto& o = options_as<Lion>(options);
  decay_weights(o.weight_decay, r);
  float* m = r.slots[0];
  for (std::int64_t i = 0; i < r.n; ++i) {
    const float g = r.gradient[i];
    const float direction = m[i] * o.beta_1 + g * (1 - o.beta_1);
    r.weights[i] -= r.learning_rate * static_cast<float>((direction > 0) - (direction < 0));
    m[i] = m[i] * o.beta_2 + g * (1 - o.beta_2);
  }
}

}  // namespace

const OptimizerSpec& lion_spec() {
  static const OptimizerSpec spec = {.class_name = "Lion",
                                     .name = "lion",
                                     .access = options_access<Lion, visit_options>(),
                                     .slots = lion_slots,
                                     .common = common_of<Lion>,
                                     .update = update_by_lion};
  return spec;
}

const OptimizerSpec& spec_of(const Lion&) { return lion_spec(); }

}  // namespace engram
