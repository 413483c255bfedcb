// SPDX-License-Identifier: Apache-2.0
#include "layers/recurrent_layer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "base/phases.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/layout.hpp"
#include "parts/functions.hpp"

namespace engram {

namespace k = kernels;

namespace {

k::Function gate_function(Activation activation) {
  switch (activation.kind()) {
    case Activation::Kind::softmax:
      return k::Function::softmax;
    case Activation::Kind::log_softmax:
      return k::Function::log_softmax;
    default:
      return *function_of(activation);
  }
}

k::RecurrentSpec spec_of(const RecurrentOptions& o, const LayerSizes& sizes) {
  return {.cell = o.cell,
          .T = sizes.inputs[0][0],
          .D = sizes.inputs[0][1],
          .H = o.units,
          .S = sizes.rows,
          .P = o.proj_size,
          .activation = gate_function(o.activation),
          .recurrent_activation = gate_function(o.recurrent_activation),
          .use_bias = o.use_bias,
          .return_sequences = o.return_sequences,
          .go_backwards = o.go_backwards,
          .zero_output_for_mask = o.zero_output_for_mask,
          .keeps = sizes.is_training,
          .needs_dx = sizes.is_training && sizes.needs_input_gradient,
          .has_input_dropout = sizes.is_training && o.dropout > 0,
          .has_recurrent_dropout = sizes.is_training && o.recurrent_dropout > 0};
}

class RecurrentPlan final : public LayerPlan {
 public:
  RecurrentPlan(const RecurrentOptions& o, const LayerSizes& sizes)
      : o_(o), spec_(spec_of(o, sizes)), layout_(spec_) {
    masks_ = k::dropout_masks(spec_);
    workspace_ = aligned_floats(layout_.workspace_size);
    input_factors_ = spec_.has_input_dropout ? aligned_floats(masks_ * spec_.S * spec_.D) : 0;
    recurrent_factors_ =
        spec_.has_recurrent_dropout ? aligned_floats(masks_ * spec_.S * spec_.h_size()) : 0;
  }

  std::int64_t packed_floats() const override { return layout_.packed_size; }

  std::int64_t pack_parts() const override { return k::recurrent_pack_parts(layout_); }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    k::recurrent_pack(layout_,
                      {.kernel = weights[0],
                       .recurrent_kernel = weights[1],
                       .bias = o_.use_bias ? weights[2] : nullptr,
                       .projection_kernel = spec_.P > 0 ? weights.back() : nullptr},
                      packed,
                      part);
  }

  std::int64_t workspace_floats() const override {
    return workspace_ + input_factors_ + recurrent_factors_;
  }

  std::int64_t state_floats() const override {
    return spec_.h_size() + (spec_.cell == k::Cell::lstm ? spec_.H : 0);
  }

  void forward(const SliceRun& run) const override {
    const k::RecurrentForward a = arguments(run);
    fill(a.input_dropout, spec_.D, o_.dropout, 0, run);
    fill(a.recurrent_dropout, spec_.h_size(), o_.recurrent_dropout, 1, run);
    k::recurrent_forward(spec_, a);
    for (std::size_t i = 0; run.states != nullptr && i < run.more_outputs.size(); ++i) {
      std::copy_n(carried(run, i), run.rows * state_size(i), run.more_outputs[i].value);
    }
  }

  void backward(const SliceRun& run) const override {
    const k::RecurrentForward a = arguments(run);
    k::recurrent_backward(spec_,
                          {.forward = &a,
                           .dy = run.output.gradient,
                           .dh_last = gradient_of(run.more_outputs, 0),
                           .dc_last = gradient_of(run.more_outputs, 1),
                           .dh0 = gradient_of(run.inputs, 1),
                           .dc0 = gradient_of(run.inputs, 2),
                           .dx = spec_.needs_dx ? run.inputs[0].gradient : nullptr,
                           .dkernel = run.gradients[0],
                           .drecurrent_kernel = run.gradients[1],
                           .dbias = o_.use_bias ? run.gradients[2] : nullptr,
                           .dprojection_kernel = spec_.P > 0 ? run.gradients.back() : nullptr});
  }

 private:
  static float* gradient_of(std::span<const Signal> signals, std::size_t i) {
    return i < signals.size() ? signals[i].gradient : nullptr;
  }

  static float* value_of(std::span<const Signal> signals, std::size_t i) {
    return i < signals.size() ? signals[i].value : nullptr;
  }

  std::int64_t state_size(std::size_t i) const { return i == 0 ? spec_.h_size() : spec_.H; }

  /// State i of the slice's rows where it is carried, or null.
  float* carried(const SliceRun& run, std::size_t i) const {
    const bool has_state = i == 0 || spec_.cell == k::Cell::lstm;
    if (run.states == nullptr || !has_state) {
      return nullptr;
    }
    const std::int64_t before = i == 0 ? 0 : spec_.h_size() * run.state_rows;
    return run.states + before + run.first_row * state_size(i);
  }

  /// The states come from further inputs, or from where they are carried, and go there, or to
  /// further outputs. The backward pass does without them: the workspace keeps the first ones.
  k::RecurrentForward arguments(const SliceRun& run) const {
    float* input_factors = run.workspace + workspace_;
    const bool is_given = run.inputs.size() > 1;
    const bool is_carried = run.states != nullptr;
    return {
        .packed = run.packed,
        .rows = run.rows,
        .x = run.inputs[0].value,
        .mask = run.inputs[0].mask,
        .input_dropout = spec_.has_input_dropout ? input_factors : nullptr,
        .recurrent_dropout = spec_.has_recurrent_dropout ? input_factors + input_factors_ : nullptr,
        .h0 = is_given ? value_of(run.inputs, 1) : carried(run, 0),
        .c0 = is_given ? value_of(run.inputs, 2) : carried(run, 1),
        .y = run.output.value,
        .h_last = is_carried ? carried(run, 0) : value_of(run.more_outputs, 0),
        .c_last = is_carried ? carried(run, 1) : value_of(run.more_outputs, 1),
        .workspace = run.workspace};
  }

  /// Factors (masks, rows, n) of each row's own stream; the same at every step.
  void fill(const float* factors,
            std::int64_t n,
            float rate,
            std::uint64_t which,
            const SliceRun& run) const {
    if (factors == nullptr) {
      return;
    }
    const PhaseTimer timer(Phase::dropout);
    for (std::int64_t mask = 0; mask < masks_; ++mask) {
      for (std::int64_t row = 0; row < run.rows; ++row) {
        const k::DropoutKey key{.seed = run.seed + static_cast<std::uint64_t>(o_.seed.value_or(0)),
                                .step = run.step,
                                .layer = run.position * 16u +
                                         2u * static_cast<std::uint32_t>(mask) +
                                         static_cast<std::uint32_t>(which),
                                .row = static_cast<std::uint32_t>(run.first_row + row)};
        k::dropout_factors(const_cast<float*>(factors) + (mask * run.rows + row) * n, n, rate, key);
      }
    }
  }

  RecurrentOptions o_;
  k::RecurrentSpec spec_;
  k::Layout layout_;  ///< worked out once: weights are packed after each batch
  std::int64_t masks_ = 1;
  std::int64_t workspace_ = 0, input_factors_ = 0, recurrent_factors_ = 0;
};

}  // namespace

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
    return std::make_unique<RecurrentPlan>(o, sizes);
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
    groups.push_back({fmt::format("layer_{}/cell", i), cell});
  }
  return groups;
}

}  // namespace engram
