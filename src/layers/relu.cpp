// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/relu.hpp"

#include "layers/rectifier_plan.hpp"

namespace engram {

namespace {

void visit_options(ReLU& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("max_value", o.max_value, at_least(0));
  v.option("negative_slope", o.negative_slope, at_least(0));
  v.option("threshold", o.threshold, at_least(0));
}

std::unique_ptr<LayerPlan> relu_plan(const void* options, const LayerSizes& sizes) {
  const ReLU& o = options_as<ReLU>(options);
  return std::make_unique<RectifierPlan>(
      kernels::Rectifier{.max_value = o.max_value.value_or(kernels::Rectifier().max_value),
                         .negative_slope = o.negative_slope,
                         .threshold = o.threshold},
      sizes);
}

}  // namespace

const LayerSpec& relu_spec() {
  static const LayerSpec spec = {.class_name = "ReLU",
                                 .auto_name = "re_lu",
                                 .access = options_access<ReLU, visit_options>(),
                                 .plan = relu_plan};
  return spec;
}

const LayerSpec& spec_of(const ReLU&) { return relu_spec(); }

}  // namespace engram
