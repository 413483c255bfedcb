// SPDX-License-Identifier: Apache-2.0
#include "kernels/update.hpp"
#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

void visit_options(RMSprop& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "rm_sprop");
  v.option("rho", o.rho, in_range(0, 1));
  v.option("momentum", o.momentum, in_range(0, 1));
  v.option("epsilon", o.epsilon, at_least(0));
  v.option("centered", o.centered);
}

std::vector<std::string_view> rmsprop_slots(const void* options) {
  const auto& o = options_as<RMSprop>(options);
  std::vector<std::string_view> names = {"velocity"};
  if (o.momentum > 0) {
    names.emplace_back("momentum");
  }
  if (o.centered) {
    names.emplace_back("average_gradient");
  }
  return names;
}

void update_by_rmsprop(const void* options, const UpdateRange& r) {
  const auto& o = options_as<RMSprop>(options);
  decay_weights(o.weight_decay, r);
  kernels::rmsprop_update({.learning_rate = r.learning_rate,
                           .rho = o.rho,
                           .momentum = o.momentum,
                           .epsilon = o.epsilon,
                           .g = r.gradient,
                           .w = r.weights,
                           .v = r.slots[0],
                           .mean = o.centered ? r.slots.back() : nullptr,
                           .m = o.momentum > 0 ? r.slots[1] : nullptr},
                          r.n);
}

}  // namespace

const OptimizerSpec& rmsprop_spec() {
  static const OptimizerSpec spec = {.class_name = "RMSprop",
                                     .name = "rmsprop",
                                     .access = options_access<RMSprop, visit_options>(),
                                     .slots = rmsprop_slots,
                                     .common = common_of<RMSprop>,
                                     .update = update_by_rmsprop};
  return spec;
}

const OptimizerSpec& spec_of(const RMSprop&) { return rmsprop_spec(); }

}  // namespace engram
