// SPDX-License-Identifier: Apache-2.0
/// ConvLSTM1D and ConvLSTM2D: LSTM whose products are convolutions.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "layers/data_format.hpp"
#include "layers/layer_spec.hpp"
#include "layers/windows.hpp"

namespace engram {

/// What the options of ConvLSTM1D and ConvLSTM2D say.
struct ConvLstm {
  WindowOptions windows;
  std::int64_t filters = 0;
  Activation activation, recurrent_activation;
  bool use_bias = true;
  Initializer kernel_initializer, recurrent_initializer, bias_initializer;
  bool unit_forget_bias = true;
  float dropout = 0, recurrent_dropout = 0;
  std::optional<std::int64_t> seed = {};
  bool return_sequences = false, return_state = false, go_backwards = false, stateful = false;
  bool zero_output_for_mask = false;
};

/// Errors: OptionError, ShapeError.
Shape output_shape(const ConvLstm& o, const Shape& sample, std::string_view where);
std::vector<WeightSpec> weights(const ConvLstm& o, const Shape& sample);
std::vector<Shape> more_outputs(const ConvLstm& o, const Shape& sample);
std::int64_t carried_floats(const ConvLstm& o, const Shape& sample);
std::unique_ptr<LayerPlan> plan(const ConvLstm& o, const LayerSizes& sizes);
std::int64_t flops(const ConvLstm& o, const Shape& sample);

template <class Options>
ConvLstm conv_lstm_of(const void* options) {
  const auto& o = options_as<Options>(options);
  return {.windows = {.size = list_of(o.kernel_size),
                      .strides = list_of(o.strides),
                      .dilation_rate = list_of(o.dilation_rate),
                      .padding = o.padding},
          .filters = o.filters,
          .activation = o.activation,
          .recurrent_activation = o.recurrent_activation,
          .use_bias = o.use_bias,
          .kernel_initializer = o.kernel_initializer,
          .recurrent_initializer = o.recurrent_initializer,
          .bias_initializer = o.bias_initializer,
          .unit_forget_bias = o.unit_forget_bias,
          .dropout = o.dropout,
          .recurrent_dropout = o.recurrent_dropout,
          .seed = o.seed,
          .return_sequences = o.return_sequences,
          .return_state = o.return_state,
          .go_backwards = o.go_backwards,
          .stateful = o.stateful,
          .zero_output_for_mask = o.zero_output_for_mask};
}

template <class Options>
void visit_conv_lstm(Options& o, OptionVisitor& v) {
  static constexpr std::array<std::string_view, 2> kPaddings = {"valid", "same"};
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  visit_activity_regularizer(v, o.activity_regularizer);
  v.option("return_sequences", o.return_sequences);
  v.option("return_state", o.return_state);
  v.option("go_backwards", o.go_backwards);
  v.option("stateful", o.stateful);
  v.ignored("unroll", false);
  v.option("zero_output_for_mask", o.zero_output_for_mask);
  v.option("filters", o.filters, at_least(1));
  v.sizes("kernel_size", span_of(o.kernel_size), at_least(1));
  v.sizes("strides", span_of(o.strides), at_least(1));
  v.choice("padding", o.padding, kPaddings);
  visit_data_format(v, o.data_format);
  v.sizes("dilation_rate", span_of(o.dilation_rate), at_least(1));
  v.option("activation", o.activation);
  v.option("recurrent_activation", o.recurrent_activation);
  v.option("use_bias", o.use_bias);
  v.option("kernel_initializer", o.kernel_initializer);
  v.option("recurrent_initializer", o.recurrent_initializer);
  v.option("bias_initializer", o.bias_initializer);
  v.option("unit_forget_bias", o.unit_forget_bias);
  visit_kind(v, "kernel_regularizer", o.kernel_regularizer);
  visit_kind(v, "recurrent_regularizer", o.recurrent_regularizer);
  visit_kind(v, "bias_regularizer", o.bias_regularizer);
  v.place_of_none("activity_regularizer");
  visit_kind(v, "kernel_constraint", o.kernel_constraint);
  visit_kind(v, "recurrent_constraint", o.recurrent_constraint);
  visit_kind(v, "bias_constraint", o.bias_constraint);
  v.option("dropout", o.dropout, in_range_below(0, 1));
  v.option("recurrent_dropout", o.recurrent_dropout, in_range_below(0, 1));
  v.option("seed", o.seed);
}

template <class Options>
LayerSpec conv_lstm_spec(std::string_view class_name, std::string_view auto_name) {
  using Inputs = std::span<const Shape>;
  return with_data_format<Options, kAxes<decltype(Options::kernel_size)>>(
      {.class_name = class_name,
       .auto_name = auto_name,
       .access = options_access<Options, visit_conv_lstm<Options>>(),
       .output_shape =
           [](const void* o, Inputs inputs, std::string_view where) {
             return output_shape(conv_lstm_of<Options>(o), inputs[0], where);
           },
       .weights = [](const void* o,
                     Inputs inputs) { return weights(conv_lstm_of<Options>(o), inputs[0]); },
       .plan = [](const void* o,
                  const LayerSizes& sizes) { return plan(conv_lstm_of<Options>(o), sizes); },
       .mask_rule =
           [](const void* o) {
             const bool sequences = options_as<Options>(o).return_sequences;
             return sequences ? MaskRule::passes : MaskRule::drops;
           },
       .flops = [](const void* o,
                   Inputs inputs) { return flops(conv_lstm_of<Options>(o), inputs[0]); },
       .more_outputs =
           [](const void* o, Inputs inputs) {
             return more_outputs(conv_lstm_of<Options>(o), inputs[0]);
           },
       .carried_floats =
           [](const void* o, Inputs inputs) {
             return carried_floats(conv_lstm_of<Options>(o), inputs[0]);
           },
       .weight_groups =
           [](const void*) {
             return std::vector<WeightGroup>{{"cell", "conv_lstm_cell"}};
           },
       .mixes_steps = true});
}

}  // namespace engram
