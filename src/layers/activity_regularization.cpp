// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/activity_regularization.hpp"

#include "engram/layers/activation.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace {

void visit_options(ActivityRegularization& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("l1", o.l1, at_least(0));
  v.option("l2", o.l2, at_least(0));
}

/// The penalty is laid around any plan; this one passes the values on.
std::unique_ptr<LayerPlan> activity_regularization_plan(const void*, const LayerSizes& sizes) {
  const ActivationLayer linear;
  return spec_of(linear).plan(&linear, sizes);
}

Regularizer output_regularizer(const void* options) {
  const auto& o = options_as<ActivityRegularization>(options);
  return L1L2{.l1 = o.l1, .l2 = o.l2};
}

}  // namespace

const LayerSpec& activity_regularization_spec() {
  static const LayerSpec spec = {.class_name = "ActivityRegularization",
                                 .auto_name = "activity_regularization",
                                 .access = options_access<ActivityRegularization, visit_options>(),
                                 .plan = activity_regularization_plan,
                                 .output_regularizer = output_regularizer};
  return spec;
}

const LayerSpec& spec_of(const ActivityRegularization&) { return activity_regularization_spec(); }

}  // namespace engram
