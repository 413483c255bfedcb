// SPDX-License-Identifier: Apache-2.0
#include "parts/optimizers/inner_optimizer.hpp"

namespace engram {

namespace {

void visit_options(LossScaleOptimizer& o, OptionVisitor& v) {
  v.ignored("name", "loss_scale_optimizer");
  InnerOptimizer inner(o.inner_optimizer);
  v.option("inner_optimizer", inner);
  v.option("initial_scale", o.initial_scale, above(0));
  v.option("dynamic_growth_steps", o.dynamic_growth_steps, at_least(0));
}

const Optimizer& inner_of(const void* options) {
  return options_as<LossScaleOptimizer>(options).inner_optimizer;
}

}  // namespace

/// compile() takes the inner optimizer out, so that only the names of slots and the like are asked.
const OptimizerSpec& loss_scale_optimizer_spec() {
  static const OptimizerSpec spec = {
      .class_name = "LossScaleOptimizer",
      .name = "loss_scale_optimizer",
      .access = options_access<LossScaleOptimizer, visit_options>(),
      .slots = [](const void* o) { return inner_of(o).spec().slots(inner_of(o).options()); },
      .common = [](const void* o) { return inner_of(o).spec().common(inner_of(o).options()); },
      .wraps_others = true,
      .update = [](const void* o,
                   const UpdateRange& r) { inner_of(o).spec().update(inner_of(o).options(), r); }};
  return spec;
}

const OptimizerSpec& spec_of(const LossScaleOptimizer&) { return loss_scale_optimizer_spec(); }

}  // namespace engram
