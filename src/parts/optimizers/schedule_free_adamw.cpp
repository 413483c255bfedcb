// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

void visit_options(ScheduleFreeAdamW& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "schedule_free_adam_w");
  v.option("beta_1", o.beta_1, {.low = 0, .high = 1, .is_low_open = true});
  v.option("beta_2", o.beta_2, in_range_below(0, 1));
  v.option("epsilon", o.epsilon, at_least(0));
  v.option("warmup_steps", o.warmup_steps, at_least(0));
}

std::vector<std::string_view> schedule_free_adamw_slots(const void*) {
  return {"momentum", "velocity"};
}

/// z begins as w. v as Adam's; z -= lr g / (sqrt(v / (1 - beta_2^t)) + epsilon);
/// before = (w - (1 - beta_1) z) / beta_1, of the new z as in Keras on TensorFlow;
/// w = (1 - beta_1) z + beta_1 ((1 - 1/t) before + z / t).
void update_by_schedule_free_adamw(const void* options, const UpdateRange& r) {
  const auto& o = options_as<ScheduleFreeAdamW>(options);
  float *z = r.slots[0], *v = r.slots[1];
  if (r.iteration == 1) {
    std::copy_n(r.weights, r.n, z);
  }
  decay_weights(o.weight_decay, r);
  const auto t = static_cast<float>(r.iteration);
  const float warmup =
      o.warmup_steps > 0 ? std::min(t / static_cast<float>(o.warmup_steps), 1.0f) : 1.0f;
  const float lr = r.learning_rate * warmup;
  const auto of_v = static_cast<float>(1 / (1 - power(o.beta_2, r.iteration)));
  for (std::int64_t i = 0; i < r.n; ++i) {
    const float g = r.gradient[i];
    v[i] += (g * g - v[i]) * (1 - o.beta_2);
    z[i] -= lr * g / (std::sqrt(v[i] * of_v) + o.epsilon);
    const float before = (r.weights[i] - (1 - o.beta_1) * z[i]) / o.beta_1;
    const float mean = (1 - 1 / t) * before + z[i] / t;
    r.weights[i] = (1 - o.beta_1) * z[i] + o.beta_1 * mean;
  }
}

}  // namespace

const OptimizerSpec& schedule_free_adamw_spec() {
  static const OptimizerSpec spec = {.class_name = "ScheduleFreeAdamW",
                                     .name = "schedule_free_adamw",
                                     .access = options_access<ScheduleFreeAdamW, visit_options>(),
                                     .slots = schedule_free_adamw_slots,
                                     .common = common_of<ScheduleFreeAdamW>,
                                     .interleaved_slots = 2,
                                     .update = update_by_schedule_free_adamw};
  return spec;
}

const OptimizerSpec& spec_of(const ScheduleFreeAdamW&) { return schedule_free_adamw_spec(); }

}  // namespace engram
