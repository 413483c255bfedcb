// SPDX-License-Identifier: Apache-2.0
/// The layers that convolve along one axis or two: plain, transposed, depthwise and separable.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "layers/activation_pass.hpp"
#include "layers/data_format.hpp"
#include "layers/layer_spec.hpp"
#include "layers/windows.hpp"

namespace engram {

enum class ConvolutionKind { plain, transposed, depthwise, separable };

/// What the options of these layers say.
struct Convolution {
  ConvolutionKind kind = ConvolutionKind::plain;
  WindowOptions windows;
  std::optional<Shape> output_padding = {};
  std::int64_t filters = 0, groups = 1, multiplier = 1;
  bool use_bias = true;
  Activation activation;
  Initializer kernel_initializer, pointwise_initializer, bias_initializer;
};

/// Errors: OptionError, ShapeError.
Shape output_shape(const Convolution& c, const Shape& sample, std::string_view where);
std::vector<WeightSpec> weights(const Convolution& c, const Shape& sample);
std::unique_ptr<LayerPlan> plan(const Convolution& c, const LayerSizes& sizes);
std::int64_t flops(const Convolution& c, const Shape& sample);

template <class Options>
Convolution convolution_of(const void* options) {
  const auto& o = options_as<Options>(options);
  Convolution c = {.windows = {.size = list_of(o.kernel_size),
                               .strides = list_of(o.strides),
                               .dilation_rate = list_of(o.dilation_rate),
                               .padding = o.padding},
                   .use_bias = o.use_bias,
                   .activation = o.activation,
                   .bias_initializer = o.bias_initializer};
  if constexpr (requires { o.depth_multiplier; }) {
    c.kind = ConvolutionKind::depthwise;
    c.multiplier = o.depth_multiplier;
    c.kernel_initializer = o.depthwise_initializer;
  } else {
    c.kernel_initializer = o.kernel_initializer;
  }
  if constexpr (requires { o.pointwise_initializer; }) {
    c.kind = ConvolutionKind::separable;
    c.pointwise_initializer = o.pointwise_initializer;
  }
  if constexpr (requires { o.filters; }) {
    c.filters = o.filters;
  }
  if constexpr (requires { o.groups; }) {
    c.groups = o.groups;
  }
  if constexpr (requires { o.output_padding; }) {
    c.kind = ConvolutionKind::transposed;
    c.output_padding = o.output_padding ? std::optional(list_of(*o.output_padding)) : std::nullopt;
  }
  return c;
}

template <class Options>
void visit_output_padding(Options& o, OptionVisitor& v) {
  bool is_given = o.output_padding.has_value();
  auto values = o.output_padding.value_or(typename decltype(o.output_padding)::value_type{});
  v.optional_sizes("output_padding", is_given, span_of(values), at_least(0));
  o.output_padding = is_given ? std::optional(values) : std::nullopt;
}

/// `paddings`: those that the layer knows.
template <class Options>
void visit_convolution(Options& o, OptionVisitor& v, std::span<const std::string_view> paddings) {
  constexpr bool is_depthwise = requires { o.depth_multiplier; };
  constexpr bool is_separable = requires { o.pointwise_initializer; };
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  visit_activity_regularizer(v, o.activity_regularizer);
  if constexpr (is_depthwise) {
    v.option("depth_multiplier", o.depth_multiplier, at_least(1));
  }
  if constexpr (requires { o.filters; }) {
    v.option("filters", o.filters, at_least(1));
  }
  v.sizes("kernel_size", span_of(o.kernel_size), at_least(1));
  v.sizes("strides", span_of(o.strides), at_least(1));
  v.choice("padding", o.padding, paddings);
  if constexpr (requires { o.output_padding; }) {
    visit_output_padding(o, v);
  }
  visit_data_format(v, o.data_format);
  v.sizes("dilation_rate", span_of(o.dilation_rate), at_least(1));
  if constexpr (requires { o.groups; }) {
    v.option("groups", o.groups, at_least(1));
  }
  v.option("activation", o.activation);
  v.option("use_bias", o.use_bias);
  if constexpr (is_depthwise) {
    v.option("depthwise_initializer", o.depthwise_initializer);
  } else {
    v.option("kernel_initializer", o.kernel_initializer);
  }
  if constexpr (is_separable) {
    v.option("pointwise_initializer", o.pointwise_initializer);
  }
  v.option("bias_initializer", o.bias_initializer);
  if constexpr (is_depthwise) {
    visit_kind(v, "depthwise_regularizer", o.depthwise_regularizer);
  } else {
    visit_kind(v, "kernel_regularizer", o.kernel_regularizer);
  }
  if constexpr (is_separable) {
    visit_kind(v, "pointwise_regularizer", o.pointwise_regularizer);
  }
  visit_kind(v, "bias_regularizer", o.bias_regularizer);
  v.place_of_none("activity_regularizer");
  if constexpr (is_depthwise) {
    visit_kind(v, "depthwise_constraint", o.depthwise_constraint);
  } else {
    visit_kind(v, "kernel_constraint", o.kernel_constraint);
  }
  if constexpr (is_separable) {
    visit_kind(v, "pointwise_constraint", o.pointwise_constraint);
  }
  visit_kind(v, "bias_constraint", o.bias_constraint);
}

/// visit_convolution of the layers without "causal".
template <class Options>
void visit_image_convolution(Options& o, OptionVisitor& v) {
  static constexpr std::array<std::string_view, 2> kPaddings = {"valid", "same"};
  visit_convolution(o, v, kPaddings);
}

template <class Options, void (*Visit)(Options&, OptionVisitor&)>
LayerSpec convolution_spec(std::string_view class_name, std::string_view auto_name) {
  using Inputs = std::span<const Shape>;
  return with_data_format<Options, kAxes<decltype(Options::kernel_size)>>(
      {.class_name = class_name,
       .auto_name = auto_name,
       .access = options_access<Options, Visit>(),
       .output_shape =
           [](const void* o, Inputs inputs, std::string_view where) {
             return output_shape(convolution_of<Options>(o), inputs[0], where);
           },
       .weights =
           [](const void* o, Inputs inputs) {
             const Convolution c = convolution_of<Options>(o);
             std::vector<WeightSpec> specs = weights(c, inputs[0]);
             if (c.kind == ConvolutionKind::depthwise) {  // the weight's name is not the options'
               specs[0].rules = rules_of(options_access<Options, Visit>(), o, "depthwise_kernel");
             }
             return specs;
           },
       .plan = [](const void* o,
                  const LayerSizes& sizes) { return plan(convolution_of<Options>(o), sizes); },
       .mask_rule = drops_mask,
       .logits_of = [](const void* o) { return logits_behind(options_as<Options>(o).activation); },
       .flops = [](const void* o,
                   Inputs inputs) { return flops(convolution_of<Options>(o), inputs[0]); },
       .mixes_steps = true});
}

}  // namespace engram
