// SPDX-License-Identifier: Apache-2.0
#include "layers/recurrent_layer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "kernels/layout.hpp"
#include "layers/recurrent_plan.hpp"

namespace engram {

namespace k = kernels;

std::size_t recurrent_states(const RecurrentOptions& o) {
  return static_cast<std::size_t>(o.num_layers) * (o.cell == k::Cell::lstm ? 2 : 1);
}

std::vector<Shape> recurrent_state_shapes(const RecurrentOptions& o) {
  std::vector<Shape> shapes;
  for (std::int64_t i = 0; i < o.num_layers; ++i) {
    shapes.push_back({o.outputs()});
    if (o.cell == k::Cell::lstm) {
      shapes.push_back({o.units});
    }
  }
  return shapes;
}

namespace {

/// The layers that `o` has one on the other: only the first goes backwards, for it leaves its
/// output in the order of processing.
std::vector<RecurrentOptions> layers_of(const RecurrentOptions& o) {
  std::vector<RecurrentOptions> layers(static_cast<std::size_t>(o.num_layers), o);
  for (RecurrentOptions& layer : layers) {
    layer.num_layers = 1;
    layer.return_sequences = true;
    layer.go_backwards = false;
  }
  layers.front().go_backwards = o.go_backwards;
  layers.back().return_sequences = o.return_sequences;
  return layers;
}

/// The sequence that layer `i` takes.
Shape sequence_of(const RecurrentOptions& o, std::span<const Shape> inputs, std::size_t i) {
  return i == 0 ? inputs[0] : Shape{inputs[0][0], o.outputs()};
}

std::string state_shapes_text(const std::vector<Shape>& states) {
  if (std::ranges::count(states, states[0]) == static_cast<std::ptrdiff_t>(states.size())) {
    return fmt::format("shape (None, {})", states[0][0]);
  }
  std::string text = "shapes";
  for (const Shape& state : states) {
    text += fmt::format("{} (None, {})", &state == &states[0] ? "" : ",", state[0]);
  }
  return text;
}

}  // namespace

Shape recurrent_output_shape(const RecurrentOptions& o,
                             std::span<const Shape> inputs,
                             std::string_view where) {
  if (inputs[0].size() != 2) {
    Shape with_batch = inputs[0];
    with_batch.insert(with_batch.begin(), -1);
    throw error<ShapeError>(
        {.where = std::string(where),
         .expected = "input of rank 3 (batch, time, features)",
         .got = to_string(with_batch),
         .remedy = inputs[0].size() == 1 ? "Add a time or a feature axis." : "Reshape the input."});
  }
  const std::vector<Shape> states = recurrent_state_shapes(o);
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (inputs.size() != 1 + states.size() || inputs[i] != states[i - 1]) {
      throw error<ShapeError>(
          {.where = std::string(where),
           .expected = fmt::format("{} initial state{} of {}",
                                   states.size(),
                                   states.size() == 1 ? "" : "s",
                                   state_shapes_text(states)),
           .got = fmt::format("{}, {} a sample", inputs.size() - 1, to_string(inputs[i]))});
    }
  }
  return o.return_sequences ? Shape{inputs[0][0], o.outputs()} : Shape{o.outputs()};
}

std::vector<Shape> recurrent_more_outputs(const RecurrentOptions& o) {
  return o.return_state ? recurrent_state_shapes(o) : std::vector<Shape>{};
}

namespace {

std::vector<WeightSpec> weights_of_one(const RecurrentOptions& o, std::int64_t inputs) {
  const std::int64_t columns = k::gates_of(o.cell) * o.units;
  std::vector<WeightSpec> weights = {
      {.name = "kernel", .shape = {inputs, columns}, .initializer = o.kernel_initializer},
      {.name = "recurrent_kernel",
       .shape = {o.outputs(), columns},
       .initializer = o.recurrent_initializer}};
  if (o.use_bias) {
    const bool has_two = o.cell == k::Cell::gru_reset_after;
    weights.push_back({.name = "bias",
                       .shape = has_two ? Shape{2, columns} : Shape{columns},
                       .initializer = o.bias_initializer,
                       .ones_begin = o.unit_forget_bias ? o.units : 0,
                       .ones_end = o.unit_forget_bias ? 2 * o.units : 0});
  }
  if (o.proj_size > 0) {
    weights.push_back({.name = "projection_kernel",
                       .shape = {o.units, o.proj_size},
                       .initializer = o.projection_initializer});
  }
  for (WeightSpec& weight : weights) {
    weight.group = "cell";
  }
  return weights;
}

}  // namespace

std::vector<WeightSpec> recurrent_weights(const RecurrentOptions& o,
                                          std::span<const Shape> inputs) {
  if (o.num_layers == 1) {
    return weights_of_one(o, inputs[0][1]);
  }
  std::vector<WeightSpec> all;
  for (std::size_t i = 0; i < static_cast<std::size_t>(o.num_layers); ++i) {
    for (WeightSpec& weight : weights_of_one(o, sequence_of(o, inputs, i)[1])) {
      weight.name = fmt::format("layer_{}/{}", i, weight.name);
      weight.group = fmt::format("layer_{}/{}", i, weight.group);
      all.push_back(std::move(weight));
    }
  }
  return all;
}

std::int64_t recurrent_carried_floats(const RecurrentOptions& o) {
  const std::int64_t c = o.cell == k::Cell::lstm ? o.units : 0;
  return o.stateful ? o.num_layers * (o.outputs() + c) : 0;
}

std::unique_ptr<LayerPlan> recurrent_plan(const RecurrentOptions& o, const LayerSizes& sizes) {
  if (o.num_layers == 1) {
    return single_recurrent_plan(o, sizes);
  }
  std::vector<StackPart> parts;
  const std::vector<RecurrentOptions> layers = layers_of(o);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::size_t states = recurrent_states(layers[i]);
    const std::vector<Shape> inputs =
        stacked_inputs(sizes.inputs, sequence_of(o, sizes.inputs, i), i * states, states);
    const Shape output = recurrent_output_shape(layers[i], inputs, "");
    parts.push_back(
        {.plan = recurrent_plan(layers[i], stacked_sizes(sizes, inputs, output, i == 0)),
         .weights = recurrent_weights(layers[i], inputs).size(),
         .states = states,
         .size = size_of(output)});
    const bool is_last = i + 1 == layers.size();
    if (auto between = stacked_dropout(sizes, output, is_last ? 0 : o.layer_dropout, o.seed)) {
      parts.push_back(std::move(*between));
    }
  }
  return stack_plan(std::move(parts), sizes, o.go_backwards);
}

std::int64_t recurrent_flops(const RecurrentOptions& o, std::span<const Shape> inputs) {
  std::int64_t flops = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(o.num_layers); ++i) {
    const std::int64_t rows = sequence_of(o, inputs, i)[1] + o.outputs();
    flops += 2 * o.units * (k::gates_of(o.cell) * rows + o.proj_size) * inputs[0][0];
  }
  return flops;
}

std::vector<WeightGroup> recurrent_groups(const RecurrentOptions& o, std::string_view auto_name) {
  const std::string cell = fmt::format("{}_cell", auto_name);
  if (o.num_layers == 1) {
    return {{"cell", cell}};
  }
  std::vector<WeightGroup> groups;
  for (std::int64_t i = 0; i < o.num_layers; ++i) {
    const std::string layer = fmt::format("layer_{}", i);
    groups.push_back({layer, layer});
    groups.push_back({layer + "/cell", cell});
  }
  return groups;
}

}  // namespace engram
