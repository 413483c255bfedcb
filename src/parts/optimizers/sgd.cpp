// SPDX-License-Identifier: Apache-2.0
#include "kernels/update.hpp"
#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

void visit_options(SGD& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "sgd");
  v.option("momentum", o.momentum, in_range(0, 1));
  v.option("nesterov", o.nesterov);
}

std::vector<std::string_view> sgd_slots(const void* options) {
  if (options_as<SGD>(options).momentum == 0) {
    return {};
  }
  return {"momentum"};
}

void update_by_sgd(const void* options, const UpdateRange& r) {
  const auto& o = options_as<SGD>(options);
  decay_weights(o.weight_decay, r);
  kernels::sgd_update({.learning_rate = r.learning_rate,
                       .momentum = o.momentum,
                       .nesterov = o.nesterov,
                       .g = r.gradient,
                       .w = r.weights,
                       .m = o.momentum == 0 ? nullptr : r.slots[0]},
                      r.n);
}

}  // namespace

const OptimizerSpec& sgd_spec() {
  static const OptimizerSpec spec = {.class_name = "SGD",
                                     .name = "sgd",
                                     .access = options_access<SGD, visit_options>(),
                                     .slots = sgd_slots,
                                     .common = common_of<SGD>,
                                     .update = update_by_sgd};
  return spec;
}

const OptimizerSpec& spec_of(const SGD&) { return sgd_spec(); }

}  // namespace engram
