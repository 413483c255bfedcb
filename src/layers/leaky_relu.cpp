// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/leaky_relu.hpp"

#include "layers/rectifier_plan.hpp"

namespace engram {

namespace {

void visit_options(LeakyReLU& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("negative_slope", o.negative_slope, at_least(0));
}

std::unique_ptr<LayerPlan> leaky_relu_plan(const void* options, const LayerSizes& sizes) {
  const LeakyReLU& o = options_as<LeakyReLU>(options);
  return std::make_unique<RectifierPlan>(kernels::Rectifier{.negative_slope = o.negative_slope},
                                         sizes);
}

}  // namespace

const LayerSpec& leaky_relu_spec() {
  static const LayerSpec spec = {.class_name = "LeakyReLU",
                                 .auto_name = "leaky_re_lu",
                                 .access = options_access<LeakyReLU, visit_options>(),
                                 .plan = leaky_relu_plan};
  return spec;
}

const LayerSpec& spec_of(const LeakyReLU&) { return leaky_relu_spec(); }

}  // namespace engram
