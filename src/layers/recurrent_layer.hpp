// SPDX-License-Identifier: Apache-2.0
/// What SimpleRNN, LSTM and GRU share: shapes, weights, and the plan over kernels/recurrent.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/recurrent.hpp"
#include "layers/layer_spec.hpp"
#include "layers/stack_plan.hpp"

namespace engram {

/// The options of a recurrent layer that the plan needs, whatever its kind.
struct RecurrentOptions {
  kernels::Cell cell = kernels::Cell::lstm;
  std::int64_t units = 0;
  std::int64_t proj_size = 0, num_layers = 1;
  float layer_dropout = 0;
  Activation activation, recurrent_activation;
  bool use_bias = true;
  Initializer kernel_initializer, recurrent_initializer, bias_initializer, projection_initializer;
  bool unit_forget_bias = false;
  float dropout = 0, recurrent_dropout = 0;
  bool return_sequences = false, return_state = false, go_backwards = false, stateful = false;
  bool zero_output_for_mask = false;
  std::optional<std::int64_t> seed = {};

  /// Values of h and of the output.
  std::int64_t outputs() const { return proj_size > 0 ? proj_size : units; }
};

/// Copies the options that all three kinds of cells have.
template <class Cell>
RecurrentOptions cell_options(const Cell& o, kernels::Cell cell) {
  return {.cell = cell,
          .units = o.units,
          .activation = o.activation,
          .recurrent_activation = {},
          .use_bias = o.use_bias,
          .kernel_initializer = o.kernel_initializer,
          .recurrent_initializer = o.recurrent_initializer,
          .bias_initializer = o.bias_initializer,
          .projection_initializer = {},
          .dropout = o.dropout,
          .recurrent_dropout = o.recurrent_dropout,
          .seed = o.seed};
}

/// The same with the options that all three kinds of layers have.
template <class Layer>
RecurrentOptions recurrent_options(const Layer& o, kernels::Cell cell) {
  RecurrentOptions options = cell_options(o, cell);
  options.return_sequences = o.return_sequences;
  options.return_state = o.return_state;
  options.go_backwards = o.go_backwards;
  options.stateful = o.stateful;
  options.zero_output_for_mask = o.zero_output_for_mask;
  options.num_layers = o.num_layers;
  options.layer_dropout = o.layer_dropout;
  return options;
}

/// The spec of a kind whose options become RecurrentOptions by `Common`.
template <class Layer, RecurrentOptions (*Common)(const Layer&)>
LayerSpec recurrent_spec(OptionsAccess access,
                         std::string_view class_name,
                         std::string_view auto_name);

/// The options that all three kinds have, in the order of Keras's config: those up to `units`, and
/// the regularizers, constraints and dropout rates.
template <class Layer>
void visit_first_options(Layer& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  if constexpr (requires { o.activity_regularizer; }) {
    visit_activity_regularizer(v, o.activity_regularizer);
  }
  v.option("return_sequences", o.return_sequences);
  v.option("return_state", o.return_state);
  v.option("go_backwards", o.go_backwards);
  v.option("stateful", o.stateful);
  v.ignored("unroll", false);
  v.option("zero_output_for_mask", o.zero_output_for_mask);
  v.option("units", o.units, at_least(1));
}

template <class Layer>
void visit_weight_options(Layer& o, OptionVisitor& v) {
  v.option("use_bias", o.use_bias);
  v.option("kernel_initializer", o.kernel_initializer);
  v.option("recurrent_initializer", o.recurrent_initializer);
  v.option("bias_initializer", o.bias_initializer);
}

template <class Layer>
void visit_last_options(Layer& o, OptionVisitor& v) {
  visit_kind(v, "kernel_regularizer", o.kernel_regularizer);
  visit_kind(v, "recurrent_regularizer", o.recurrent_regularizer);
  visit_kind(v, "bias_regularizer", o.bias_regularizer);
  if constexpr (requires { o.activity_regularizer; }) {
    v.place_of_none("activity_regularizer");
  } else {
    v.ignored("activity_regularizer", {});  // Keras's SimpleRNN takes it and forgets it
  }
  visit_kind(v, "kernel_constraint", o.kernel_constraint);
  visit_kind(v, "recurrent_constraint", o.recurrent_constraint);
  visit_kind(v, "bias_constraint", o.bias_constraint);
  v.option("dropout", o.dropout, in_range_below(0, 1));
  v.option("recurrent_dropout", o.recurrent_dropout, in_range_below(0, 1));
}

/// Several layers in one, which Keras does not have.
template <class Layer>
void visit_layers(Layer& o, OptionVisitor& v) {
  if (v.begins_extras(o.num_layers == 1 && o.layer_dropout == 0)) {
    v.option("num_layers", o.num_layers, in_range(1, static_cast<double>(kMostLayers)));
    v.option("layer_dropout", o.layer_dropout, in_range_below(0, 1));
  }
}

/// An LSTM's projection, which Keras does not have.
template <class Layer>
void visit_projection(Layer& o, OptionVisitor& v) {
  const Layer usual;
  if (v.begins_extras(o.proj_size == 0 &&
                      o.projection_initializer == usual.projection_initializer &&
                      !o.projection_regularizer.choice && !o.projection_constraint.choice)) {
    const auto most = static_cast<double>(std::max<std::int64_t>(o.units - 1, 0));
    v.option("proj_size", o.proj_size, in_range(0, most));
    v.option("projection_initializer", o.projection_initializer);
    visit_kind(v, "projection_regularizer", o.projection_regularizer);
    visit_kind(v, "projection_constraint", o.projection_constraint);
  }
}

/// Its states: h, and c of an LSTM; of each layer.
std::size_t recurrent_states(const RecurrentOptions& o);
std::vector<Shape> recurrent_state_shapes(const RecurrentOptions& o);

Shape recurrent_output_shape(const RecurrentOptions& o,
                             std::span<const Shape> inputs,
                             std::string_view where);
std::vector<WeightSpec> recurrent_weights(const RecurrentOptions& o, std::span<const Shape> inputs);
std::vector<Shape> recurrent_more_outputs(const RecurrentOptions& o);
std::int64_t recurrent_carried_floats(const RecurrentOptions& o);
std::unique_ptr<LayerPlan> recurrent_plan(const RecurrentOptions& o, const LayerSizes& sizes);
std::int64_t recurrent_flops(const RecurrentOptions& o, std::span<const Shape> inputs);

/// Keras keeps the weights in the layer's cell.
std::vector<WeightGroup> recurrent_groups(const RecurrentOptions& o, std::string_view auto_name);

template <class Layer, RecurrentOptions (*Common)(const Layer&)>
LayerSpec recurrent_spec(OptionsAccess access,
                         std::string_view class_name,
                         std::string_view auto_name) {
  return {.class_name = class_name,
          .auto_name = auto_name,
          .access = access,
          .output_shape =
              [](const void* o, std::span<const Shape> inputs, std::string_view where) {
                return recurrent_output_shape(Common(options_as<Layer>(o)), inputs, where);
              },
          .weights =
              [](const void* o, std::span<const Shape> inputs) {
                return recurrent_weights(Common(options_as<Layer>(o)), inputs);
              },
          .plan =
              [](const void* o, const LayerSizes& sizes) {
                return recurrent_plan(Common(options_as<Layer>(o)), sizes);
              },
          .mask_rule =
              [](const void* o) {
                const bool sequences = options_as<Layer>(o).return_sequences;
                return sequences ? MaskRule::passes : MaskRule::drops;
              },
          .is_identity = is_never_identity,
          .logits_of = no_logits,
          .flops =
              [](const void* o, std::span<const Shape> inputs) {
                return recurrent_flops(Common(options_as<Layer>(o)), inputs);
              },
          .more_outputs =
              [](const void* o, std::span<const Shape>) {
                return recurrent_more_outputs(Common(options_as<Layer>(o)));
              },
          .carried_floats =
              [](const void* o, std::span<const Shape>) {
                return recurrent_carried_floats(Common(options_as<Layer>(o)));
              },
          .weight_groups =
              [](const void* o) {
                const Layer& layer = options_as<Layer>(o);
                return recurrent_groups(Common(layer), spec_of(layer).auto_name);
              }};
}

}  // namespace engram
