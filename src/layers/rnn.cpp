// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/rnn.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "engram/layers/rnn_cells.hpp"
#include "layers/inner_layer.hpp"
#include "layers/recurrent_cells.hpp"

namespace engram {

namespace {

void visit_options(RNN& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("return_sequences", o.return_sequences);
  v.option("return_state", o.return_state);
  v.option("go_backwards", o.go_backwards);
  v.option("stateful", o.stateful);
  v.ignored("unroll", false);
  v.option("zero_output_for_mask", o.zero_output_for_mask);
  v.option("cell", o.cell);
}

/// The cells with the options of the layers that they make: only the first one goes backwards, for
/// it leaves its output in the order of processing.
std::vector<RecurrentCell> layers_of(const RNN& o, std::string_view where = "RNN") {
  if (!o.cell) {
    throw error<OptionError>({.where = std::string(where), .expected = "a cell", .got = "none"});
  }
  std::vector<RecurrentCell> cells = cells_of(*o.cell, where);
  for (RecurrentCell& cell : cells) {
    cell.options.return_sequences = true;
    cell.options.return_state = o.return_state;
    cell.options.stateful = o.stateful;
  }
  cells.front().options.go_backwards = o.go_backwards;
  cells.back().options.return_sequences = o.return_sequences;
  cells.back().options.zero_output_for_mask = o.zero_output_for_mask;
  return cells;
}

std::size_t states_of(const RecurrentCell& cell) { return recurrent_states(cell.options); }

/// What cell `i` takes of the layer's inputs: a sequence, and its share of the states.
std::vector<Shape> inputs_of(const std::vector<RecurrentCell>& cells,
                             std::size_t i,
                             std::span<const Shape> inputs) {
  std::size_t first = 0;
  for (std::size_t k = 0; k < i; ++k) {
    first += states_of(cells[k]);
  }
  const Shape below = i == 0 ? inputs[0] : Shape{inputs[0][0], cells[i - 1].options.outputs()};
  return stacked_inputs(inputs, below, first, states_of(cells[i]));
}

Shape rnn_output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  const std::vector<RecurrentCell> cells = layers_of(options_as<RNN>(options), where);
  std::size_t states = 0;
  for (const RecurrentCell& cell : cells) {
    states += states_of(cell);
  }
  if (inputs.size() != 1 && inputs.size() != 1 + states) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = std::to_string(states) + " initial states",
                             .got = std::to_string(inputs.size() - 1)});
  }
  Shape shape;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    recurrent_output_shape(cells[0].options, inputs.first(1), where);  // refuses a wrong sequence
    shape = recurrent_output_shape(cells[i].options, inputs_of(cells, i, inputs), where);
  }
  return shape;
}

std::vector<Shape> rnn_more_outputs(const void* options, std::span<const Shape>) {
  std::vector<Shape> all;
  for (const RecurrentCell& cell : layers_of(options_as<RNN>(options))) {
    std::ranges::copy(recurrent_more_outputs(cell.options), std::back_inserter(all));
  }
  return all;
}

std::vector<WeightSpec> rnn_weights(const void* options, std::span<const Shape> inputs) {
  std::vector<WeightSpec> all;
  const std::vector<RecurrentCell> cells = layers_of(options_as<RNN>(options));
  const bool learns = common_options(options_as<RNN>(options).cell->spec(),
                                     options_as<RNN>(options).cell->options())
                          .trainable;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Layer& cell = cells[i].layer;
    const std::vector<Shape> own = inputs_of(cells, i, inputs.first(1));
    for (WeightSpec& weight : weights_of(cell.spec(), cell.options(), own)) {
      weight.name = cells.size() > 1 ? cells[i].name + "/" + weight.name : weight.name;
      weight.group = cells[i].path;
      weight.is_trainable &= learns && common_options(cell.spec(), cell.options()).trainable;
      all.push_back(std::move(weight));
    }
  }
  return all;
}

std::unique_ptr<LayerPlan> rnn_plan(const void* options, const LayerSizes& sizes) {
  const std::vector<RecurrentCell> cells = layers_of(options_as<RNN>(options));
  std::vector<StackPart> parts;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const RecurrentOptions& cell = cells[i].options;
    const std::vector<Shape> inputs = inputs_of(cells, i, sizes.inputs);
    const Shape output = recurrent_output_shape(cell, inputs, "");
    parts.push_back({.plan = recurrent_plan(cell, stacked_sizes(sizes, inputs, output, i == 0)),
                     .weights = recurrent_weights(cell, inputs).size(),
                     .states = states_of(cells[i]),
                     .size = size_of(output)});
  }
  return stack_plan(std::move(parts), sizes, options_as<RNN>(options).go_backwards);
}

MaskRule rnn_mask_rule(const void* options) {
  return options_as<RNN>(options).return_sequences ? MaskRule::passes : MaskRule::drops;
}

std::int64_t rnn_flops(const void* options, std::span<const Shape> inputs) {
  std::int64_t sum = 0;
  const std::vector<RecurrentCell> cells = layers_of(options_as<RNN>(options));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    sum += recurrent_flops(cells[i].options, inputs_of(cells, i, inputs.first(1)));
  }
  return sum;
}

std::int64_t rnn_carried_floats(const void* options, std::span<const Shape>) {
  std::int64_t sum = 0;
  for (const RecurrentCell& cell : layers_of(options_as<RNN>(options))) {
    sum += recurrent_carried_floats(cell.options);
  }
  return sum;
}

std::vector<WeightGroup> rnn_weight_groups(const void* options) {
  const Layer& cell = *options_as<RNN>(options).cell;
  std::vector<WeightGroup> groups;
  if (cell.get_if<StackedRNNCells>() != nullptr) {
    groups.push_back({"cell", name_of(cell)});
  }
  for (const RecurrentCell& one : layers_of(options_as<RNN>(options))) {
    groups.push_back({one.path, one.name});
  }
  return groups;
}

}  // namespace

const LayerSpec& rnn_spec() {
  static const LayerSpec spec = {.class_name = "RNN",
                                 .auto_name = "rnn",
                                 .access = options_access<RNN, visit_options>(),
                                 .output_shape = rnn_output_shape,
                                 .weights = rnn_weights,
                                 .plan = rnn_plan,
                                 .mask_rule = rnn_mask_rule,
                                 .flops = rnn_flops,
                                 .more_outputs = rnn_more_outputs,
                                 .carried_floats = rnn_carried_floats,
                                 .weight_groups = rnn_weight_groups};
  return spec;
}

const LayerSpec& spec_of(const RNN&) { return rnn_spec(); }

}  // namespace engram
