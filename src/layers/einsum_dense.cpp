// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/einsum_dense.hpp"

#include "layers/activation_pass.hpp"
#include "layers/einsum_plan.hpp"
#include "layers/layer_spec.hpp"
#include "parts/fans.hpp"

namespace engram {

namespace {

constexpr std::string_view kName = "EinsumDense";

void visit_options(EinsumDense& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  visit_activity_regularizer(v, o.activity_regularizer);
  v.sample_shape("output_shape", o.output_shape);
  v.option("equation", o.equation);
  v.option("activation", o.activation);
  v.option("bias_axes", o.bias_axes, {});
  v.option("kernel_initializer", o.kernel_initializer);
  v.option("bias_initializer", o.bias_initializer);
  visit_kind(v, "kernel_regularizer", o.kernel_regularizer);
  visit_kind(v, "bias_regularizer", o.bias_regularizer);
  v.place_of_none("activity_regularizer");
  visit_kind(v, "kernel_constraint", o.kernel_constraint);
  visit_kind(v, "bias_constraint", o.bias_constraint);
  v.fixed("quantization_config", {});
}

Shape einsum_dense_output_shape(const void* options,
                                std::span<const Shape> inputs,
                                std::string_view where) {
  const EinsumEquation e(options_as<EinsumDense>(options), inputs[0], where);
  return e.shape(e.output);
}

std::vector<WeightSpec> einsum_dense_weights(const void* options, std::span<const Shape> inputs) {
  const EinsumDense& o = options_as<EinsumDense>(options);
  const EinsumEquation e(o, inputs[0], kName);
  const Shape shape = e.shape(e.kernel);
  const auto size = [&](bool is_output) {
    return size_of(e.shape(EinsumEquation::select(e.kernel, {{is_output, e.output}})));
  };
  std::vector<WeightSpec> specs = {
      {.name = "kernel",
       .shape = shape,
       .initializer = with_fans(o.kernel_initializer, shape, {size(false), size(true)})}};
  if (o.bias_axes) {
    specs.push_back({.name = "bias", .shape = e.bias_shape(), .initializer = o.bias_initializer});
  }
  return specs;
}

LogitsOf einsum_dense_logits(const void* options) {
  return logits_behind(options_as<EinsumDense>(options).activation);
}

std::unique_ptr<LayerPlan> einsum_dense_plan(const void* options, const LayerSizes& sizes) {
  return einsum_plan(options_as<EinsumDense>(options), sizes);
}

std::int64_t einsum_dense_flops(const void* options, std::span<const Shape> inputs) {
  const EinsumEquation e(options_as<EinsumDense>(options), inputs[0], kName);
  const std::string columns = EinsumEquation::select(e.output, {{false, e.input}});
  return 2 * size_of(inputs[0]) * size_of(e.shape(columns));
}

}  // namespace

const LayerSpec& einsum_dense_spec() {
  static const LayerSpec spec = {.class_name = kName,
                                 .auto_name = "einsum_dense",
                                 .access = options_access<EinsumDense, visit_options>(),
                                 .output_shape = einsum_dense_output_shape,
                                 .weights = einsum_dense_weights,
                                 .plan = einsum_dense_plan,
                                 .mask_rule = drops_mask,
                                 .is_identity = is_never_identity,
                                 .logits_of = einsum_dense_logits,
                                 .flops = einsum_dense_flops,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const EinsumDense&) { return einsum_dense_spec(); }

}  // namespace engram
