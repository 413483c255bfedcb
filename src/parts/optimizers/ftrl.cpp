// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

void visit_options(Ftrl& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "ftrl");
  v.option("learning_rate_power", o.learning_rate_power, {.high = 0});
  v.option("initial_accumulator_value", o.initial_accumulator_value, at_least(0));
  v.option("l1_regularization_strength", o.l1_regularization_strength, at_least(0));
  v.option("l2_regularization_strength", o.l2_regularization_strength, at_least(0));
  v.option(
      "l2_shrinkage_regularization_strength", o.l2_shrinkage_regularization_strength, at_least(0));
  v.option("beta", o.beta, at_least(0));
}

std::vector<std::string_view> ftrl_slots(const void*) { return {"accumulator", "linear"}; }

float ftrl_first_slot_value(const void* options, std::size_t slot) {
  return slot == 0 ? options_as<Ftrl>(options).initial_accumulator_value : 0.0f;
}

/// new = sum + g*g; z += g + 2 shrinkage w - (new^p - sum^p) / lr w with p = -learning_rate_power;
/// w = (clip(z, -l1, l1) - z) / (new^p / lr + 2 l2 + beta / lr).
void update_by_ftrl(const void* options, const UpdateRange& r) {
  const auto& o = options_as<Ftrl>(options);
  decay_weights(o.weight_decay, r);
  const float lr = r.learning_rate, l1 = o.l1_regularization_strength;
  const float l2 = o.l2_regularization_strength + o.beta / (2 * lr);
  const auto raised = [&](float x) { return std::pow(x, -o.learning_rate_power); };
  float *sum = r.slots[0], *z = r.slots[1];
  for (std::int64_t i = 0; i < r.n; ++i) {
    const float g = r.gradient[i], w = r.weights[i];
    const float added = sum[i] + g * g;
    z[i] += g + 2 * o.l2_shrinkage_regularization_strength * w -
            (raised(added) - raised(sum[i])) / lr * w;
    r.weights[i] = (std::clamp(z[i], -l1, l1) - z[i]) / (raised(added) / lr + 2 * l2);
    sum[i] = added;
  }
}

}  // namespace

const OptimizerSpec& ftrl_spec() {
  static const OptimizerSpec spec = {.class_name = "Ftrl",
                                     .name = "ftrl",
                                     .access = options_access<Ftrl, visit_options>(),
                                     .slots = ftrl_slots,
                                     .common = common_of<Ftrl>,
                                     .interleaved_slots = 2,
                                     .first_slot_value = ftrl_first_slot_value,
                                     .update = update_by_ftrl};
  return spec;
}

const OptimizerSpec& spec_of(const Ftrl&) { return ftrl_spec(); }

}  // namespace engram
