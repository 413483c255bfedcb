// SPDX-License-Identifier: Apache-2.0
/// Conv1D and Conv2D: their windows become rows of a matrix, the convolution a product.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "layers/activation_pass.hpp"
#include "layers/layer_spec.hpp"
#include "layers/windows.hpp"

namespace engram {

/// What the options of Conv1D and Conv2D say.
struct Convolution {
  WindowOptions windows;
  std::int64_t filters = 0, groups = 1;
  bool use_bias = true;
  Activation activation;
  Initializer kernel_initializer, bias_initializer;
};

/// Errors: OptionError, ShapeError.
Shape output_shape(const Convolution& c, const Shape& sample, std::string_view where);
std::vector<WeightSpec> weights(const Convolution& c, const Shape& sample);
std::unique_ptr<LayerPlan> plan(const Convolution& c, const LayerSizes& sizes);
std::int64_t flops(const Convolution& c, const Shape& sample);

template <class Options>
Convolution convolution_of(const void* options) {
  const auto& o = *static_cast<const Options*>(options);
  return {.windows = {.size = list_of(o.kernel_size),
                      .strides = list_of(o.strides),
                      .dilation_rate = list_of(o.dilation_rate),
                      .padding = o.padding},
          .filters = o.filters,
          .groups = o.groups,
          .use_bias = o.use_bias,
          .activation = o.activation,
          .kernel_initializer = o.kernel_initializer,
          .bias_initializer = o.bias_initializer};
}

/// `paddings`: those that the layer knows.
template <class Options>
void visit_convolution(Options& o, OptionVisitor& v, std::span<const std::string_view> paddings) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  visit_activity_regularizer(v, o.activity_regularizer);
  v.option("filters", o.filters, at_least(1));
  v.sizes("kernel_size", span_of(o.kernel_size), at_least(1));
  v.sizes("strides", span_of(o.strides), at_least(1));
  v.choice("padding", o.padding, paddings);
  v.fixed("data_format", "channels_last");
  v.sizes("dilation_rate", span_of(o.dilation_rate), at_least(1));
  v.option("groups", o.groups, at_least(1));
  v.option("activation", o.activation);
  v.option("use_bias", o.use_bias);
  v.option("kernel_initializer", o.kernel_initializer);
  v.option("bias_initializer", o.bias_initializer);
  visit_kind(v, "kernel_regularizer", o.kernel_regularizer);
  visit_kind(v, "bias_regularizer", o.bias_regularizer);
  v.place_of_none("activity_regularizer");
  visit_kind(v, "kernel_constraint", o.kernel_constraint);
  visit_kind(v, "bias_constraint", o.bias_constraint);
}

template <class Options, void (*Visit)(Options&, OptionVisitor&)>
LayerSpec convolution_spec(std::string_view class_name, std::string_view auto_name) {
  using Inputs = std::span<const Shape>;
  return {
      .class_name = class_name,
      .auto_name = auto_name,
      .access = options_access<Options, Visit>(),
      .output_shape =
          [](const void* o, Inputs inputs, std::string_view where) {
            return output_shape(convolution_of<Options>(o), inputs[0], where);
          },
      .weights = [](const void* o,
                    Inputs inputs) { return weights(convolution_of<Options>(o), inputs[0]); },
      .plan = [](const void* o,
                 const LayerSizes& sizes) { return plan(convolution_of<Options>(o), sizes); },
      .mask_rule = drops_mask,
      .logits_of =
          [](const void* o) { return logits_behind(static_cast<const Options*>(o)->activation); },
      .flops = [](const void* o,
                  Inputs inputs) { return flops(convolution_of<Options>(o), inputs[0]); },
      .mixes_steps = true};
}

}  // namespace engram
