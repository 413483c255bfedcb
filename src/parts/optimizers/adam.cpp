// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "kernels/update.hpp"
#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

template <class Options>
void visit_adam(Options& o, OptionVisitor& v, const std::string& name) {
  visit_optimizer_options(o, v, name);
  v.option("beta_1", o.beta_1, in_range_below(0, 1));
  v.option("beta_2", o.beta_2, in_range_below(0, 1));
  v.option("epsilon", o.epsilon, at_least(0));
  v.option("amsgrad", o.amsgrad);
}

void visit_options(Adam& o, OptionVisitor& v) { visit_adam(o, v, "adam"); }

void visit_options(AdamW& o, OptionVisitor& v) { visit_adam(o, v, "adam_w"); }

template <class Options>
std::vector<std::string_view> adam_slots(const void* options) {
  if (options_as<Options>(options).amsgrad) {
    return {"momentum", "velocity", "velocity_hat"};
  }
  return {"momentum", "velocity"};
}

template <class Options>
void update_by_adam(const void* options, const UpdateRange& r) {
  const auto& o = options_as<Options>(options);
  const double correction =
      std::sqrt(1 - power(o.beta_2, r.iteration)) / (1 - power(o.beta_1, r.iteration));
  kernels::adam_update({.alpha = static_cast<float>(r.learning_rate * correction),
                        .beta_1 = o.beta_1,
                        .beta_2 = o.beta_2,
                        .epsilon = o.epsilon,
                        .weight_decay = o.weight_decay.value_or(0) * r.learning_rate,
                        .g = r.gradient,
                        .w = r.weights,
                        .m = r.slots[0],
                        .v = r.slots[1],
                        .vhat = o.amsgrad ? r.slots[2] : nullptr},
                       r.n);
}

template <class Options>
OptimizerSpec make_adam_spec(std::string_view class_name, std::string_view name) {
  return {.class_name = class_name,
          .name = name,
          .access = options_access<Options, visit_options>(),
          .slots = adam_slots<Options>,
          .common = common_of<Options>,
          .interleaved_slots = 2,
          .update = update_by_adam<Options>};
}

}  // namespace

const OptimizerSpec& adam_spec() {
  static const OptimizerSpec spec = make_adam_spec<Adam>("Adam", "adam");
  return spec;
}

const OptimizerSpec& adamw_spec() {
  static const OptimizerSpec spec = make_adam_spec<AdamW>("AdamW", "adamw");
  return spec;
}

const OptimizerSpec& spec_of(const Adam&) { return adam_spec(); }

const OptimizerSpec& spec_of(const AdamW&) { return adamw_spec(); }

}  // namespace engram
