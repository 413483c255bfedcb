// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/layer_normalization.hpp"

#include "layers/gamma_and_beta.hpp"
#include "layers/row_normalization.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

void visit_options(LayerNormalization& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("axis", o.axis);
  v.option("epsilon", o.epsilon, at_least(0));
  v.option("center", o.center);
  v.option("scale", o.scale);
  v.fixed("rms_scaling", false);
  v.option("beta_initializer", o.beta_initializer);
  v.option("gamma_initializer", o.gamma_initializer);
  visit_kind(v, "beta_regularizer", o.beta_regularizer);
  visit_kind(v, "gamma_regularizer", o.gamma_regularizer);
  visit_kind(v, "beta_constraint", o.beta_constraint);
  visit_kind(v, "gamma_constraint", o.gamma_constraint);
}

Shape layer_normalization_output_shape(const void* options,
                                       std::span<const Shape> inputs,
                                       std::string_view where) {
  require_last_axis(options_as<LayerNormalization>(options).axis, inputs[0], where);
  return inputs[0];
}

std::unique_ptr<LayerPlan> layer_normalization_plan(const void* options, const LayerSizes& sizes) {
  const LayerNormalization& o = options_as<LayerNormalization>(options);
  return std::make_unique<RowNormalizationPlan>(
      RowNormalization{.epsilon = o.epsilon, .has_gamma = o.scale, .has_beta = o.center}, sizes);
}

std::vector<WeightSpec> layer_normalization_weights(const void* options,
                                                    std::span<const Shape> inputs) {
  return gamma_and_beta(options_as<LayerNormalization>(options), {inputs[0].back()});
}

}  // namespace

const LayerSpec& layer_normalization_spec() {
  static const LayerSpec spec = {.class_name = "LayerNormalization",
                                 .auto_name = "layer_normalization",
                                 .access = options_access<LayerNormalization, visit_options>(),
                                 .output_shape = layer_normalization_output_shape,
                                 .weights = layer_normalization_weights,
                                 .plan = layer_normalization_plan};
  return spec;
}

const LayerSpec& spec_of(const LayerNormalization&) { return layer_normalization_spec(); }

}  // namespace engram
