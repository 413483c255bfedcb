// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/rms_normalization.hpp"

#include "layers/row_normalization.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

void visit_options(RMSNormalization& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("axis", o.axis);
  v.option("epsilon", o.epsilon, at_least(0));
}

Shape rms_normalization_output_shape(const void* options,
                                     std::span<const Shape> inputs,
                                     std::string_view where) {
  require_last_axis(options_as<RMSNormalization>(options).axis, inputs[0], where);
  return inputs[0];
}

std::vector<WeightSpec> rms_normalization_weights(const void*, std::span<const Shape> inputs) {
  return {{.name = "scale", .shape = {inputs[0].back()}, .initializer = "ones"}};
}

std::unique_ptr<LayerPlan> rms_normalization_plan(const void* options, const LayerSizes& sizes) {
  const RowNormalization rows{.epsilon = options_as<RMSNormalization>(options).epsilon,
                              .has_beta = false,
                              .is_centered = false};
  return std::make_unique<RowNormalizationPlan>(rows, sizes);
}

}  // namespace

const LayerSpec& rms_normalization_spec() {
  static const LayerSpec spec = {.class_name = "RMSNormalization",
                                 .auto_name = "rms_normalization",
                                 .access = options_access<RMSNormalization, visit_options>(),
                                 .output_shape = rms_normalization_output_shape,
                                 .weights = rms_normalization_weights,
                                 .plan = rms_normalization_plan,
                                 .mask_rule = drops_mask};
  return spec;
}

const LayerSpec& spec_of(const RMSNormalization&) { return rms_normalization_spec(); }

}  // namespace engram
