// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

void visit_options(Adagrad& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "adagrad");
  v.option("initial_accumulator_value", o.initial_accumulator_value, at_least(0));
  v.option("epsilon", o.epsilon, at_least(0));
}

std::vector<std::string_view> adagrad_slots(const void*) { return {"accumulator"}; }

float adagrad_first_slot_value(const void* options, std::size_t) {
  return options_as<Adagrad>(options).initial_accumulator_value;
}

/// sum += g*g; w -= lr g / sqrt(sum + epsilon).
void update_by_adagrad(const void* options, const UpdateRange& r) {
  const auto& o = options_as<Adagrad>(options);
  decay_weights(o.weight_decay, r);
  float* sum = r.slots[0];
  for (std::int64_t i = 0; i < r.n; ++i) {
    const float g = r.gradient[i];
    sum[i] += g * g;
    r.weights[i] -= r.learning_rate * g / std::sqrt(sum[i] + o.epsilon);
  }
}

}  // namespace

const OptimizerSpec& adagrad_spec() {
  static const OptimizerSpec spec = {.class_name = "Adagrad",
                                     .name = "adagrad",
                                     .access = options_access<Adagrad, visit_options>(),
                                     .slots = adagrad_slots,
                                     .common = common_of<Adagrad>,
                                     .first_slot_value = adagrad_first_slot_value,
                                     .update = update_by_adagrad};
  return spec;
}

const OptimizerSpec& spec_of(const Adagrad&) { return adagrad_spec(); }

}  // namespace engram
