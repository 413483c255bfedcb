// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/rnn.hpp"

#include <algorithm>
#include <array>

#include "base/aligned.hpp"
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

const RNN& rnn_of(const void* options) { return *static_cast<const RNN*>(options); }

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
  std::vector<Shape> own = {inputs[0]};
  if (i > 0) {
    own[0] = {inputs[0][0], cells[i - 1].options.units};
  }
  std::size_t first = 1;
  for (std::size_t k = 0; k < i; ++k) {
    first += states_of(cells[k]);
  }
  for (std::size_t k = 0; inputs.size() > 1 && k < states_of(cells[i]); ++k) {
    own.push_back(inputs[first + k]);
  }
  return own;
}

/// Layers one on the other: a masked step is masked for all of them, so that what a lower one gives
/// there is not read.
class RnnPlan final : public LayerPlan {
 public:
  RnnPlan(const RNN& o, const LayerSizes& sizes)
      : cells_(layers_of(o)), steps_(sizes.inputs[0][0]), is_training_(sizes.is_training) {
    std::int64_t own = 0;
    const auto place = [&](std::int64_t floats) {
      return std::exchange(own, own + aligned_floats(floats));
    };
    for (std::size_t i = 0; i + 1 < cells_.size(); ++i) {
      const std::int64_t floats = steps_ * sizes.rows * cells_[i].options.units;
      values_.push_back(place(floats));
      gradients_.push_back(place(is_training_ ? floats : 0));
    }
    turns_mask_ = o.go_backwards && sizes.has_mask && cells_.size() > 1;
    mask_ = place(turns_mask_ ? steps_ * sizes.rows : 0);
    plans_ = InnerPlans(own);
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      LayerSizes inner = sizes;
      inner.inputs = inputs_of(cells_, i, sizes.inputs);
      inner.needs_input_gradient = i > 0 || sizes.needs_input_gradient;
      inner.keeps_logits = false;
      plans_.add(recurrent_plan(cells_[i].options, inner), cells_[i].options.use_bias ? 3 : 2);
    }
  }

  std::int64_t packed_floats() const override { return plans_.packed_floats(); }

  std::int64_t pack_parts() const override { return plans_.pack_parts(); }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    plans_.pack(weights, packed, part);
  }

  std::int64_t workspace_floats() const override { return plans_.workspace_floats(); }

  std::int64_t state_floats() const override { return plans_.state_floats(); }

  void forward(const SliceRun& run) const override {
    if (turns_mask_) {
      std::uint8_t* to = turned_mask(run);
      for (std::int64_t t = 0; t < steps_; ++t) {
        std::copy_n(run.inputs[0].mask + (steps_ - 1 - t) * run.rows, run.rows, to + t * run.rows);
      }
    }
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      Inputs inputs;
      plans_[i].plan->forward(inner_run(run, i, inputs));
    }
  }

  void backward(const SliceRun& run) const override {
    for (std::size_t i = cells_.size(); i-- > 0;) {
      Inputs inputs;
      plans_[i].plan->backward(inner_run(run, i, inputs));
    }
  }

 private:
  using Inputs = std::array<Signal, 3>;  // the sequence, and the states to begin from

  /// A mask in the order of processing; bytes in the place of floats.
  std::uint8_t* turned_mask(const SliceRun& run) const {
    return reinterpret_cast<std::uint8_t*>(run.workspace + mask_);
  }

  /// What cell `i` gives to the next.
  Signal between(const SliceRun& run, std::size_t i) const {
    return {.value = run.workspace + values_[i],
            .gradient = is_training_ ? run.workspace + gradients_[i] : nullptr};
  }

  /// The run of a cell; `inputs` holds its input signals.
  SliceRun inner_run(const SliceRun& run, std::size_t i, Inputs& inputs) const {
    SliceRun inner = plans_[i].run(run);
    std::size_t first = 0;
    for (std::size_t k = 0; k < i; ++k) {
      first += states_of(cells_[k]);
    }
    const std::size_t states = states_of(cells_[i]);
    const std::size_t given = run.inputs.size() > 1 ? states : 0;
    inputs[0] = i == 0 ? run.inputs[0] : between(run, i - 1);
    inputs[0].mask = i > 0 && turns_mask_ ? turned_mask(run) : run.inputs[0].mask;
    if (given > 0) {
      std::ranges::copy(run.inputs.subspan(1 + first, given), inputs.begin() + 1);
    }
    inner.inputs = std::span(inputs).first(1 + given);
    if (!run.more_outputs.empty()) {
      inner.more_outputs = run.more_outputs.subspan(first, states);
    }
    if (i + 1 < cells_.size()) {
      inner.output = between(run, i);
    }
    return inner;
  }

  std::vector<RecurrentCell> cells_;
  std::int64_t steps_;
  bool is_training_, turns_mask_ = false;
  std::vector<std::int64_t> values_, gradients_;  // places in the workspace
  std::int64_t mask_ = 0;
  InnerPlans plans_;
};

Shape output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  const std::vector<RecurrentCell> cells = layers_of(rnn_of(options), where);
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

std::vector<Shape> more_outputs(const void* options, std::span<const Shape>) {
  std::vector<Shape> all;
  for (const RecurrentCell& cell : layers_of(rnn_of(options))) {
    std::ranges::copy(recurrent_more_outputs(cell.options), std::back_inserter(all));
  }
  return all;
}

std::vector<WeightSpec> weights(const void* options, std::span<const Shape> inputs) {
  std::vector<WeightSpec> all;
  const std::vector<RecurrentCell> cells = layers_of(rnn_of(options));
  const bool learns =
      common_options(rnn_of(options).cell->spec(), rnn_of(options).cell->options()).trainable;
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

std::unique_ptr<LayerPlan> plan(const void* options, const LayerSizes& sizes) {
  return std::make_unique<RnnPlan>(rnn_of(options), sizes);
}

MaskRule mask_rule(const void* options) {
  return rnn_of(options).return_sequences ? MaskRule::passes : MaskRule::drops;
}

std::int64_t flops(const void* options, std::span<const Shape> inputs) {
  std::int64_t sum = 0;
  const std::vector<RecurrentCell> cells = layers_of(rnn_of(options));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    sum += recurrent_flops(cells[i].options, inputs_of(cells, i, inputs.first(1)));
  }
  return sum;
}

std::int64_t carried_floats(const void* options, std::span<const Shape>) {
  std::int64_t sum = 0;
  for (const RecurrentCell& cell : layers_of(rnn_of(options))) {
    sum += recurrent_carried_floats(cell.options);
  }
  return sum;
}

std::vector<WeightGroup> weight_groups(const void* options) {
  const Layer& cell = *rnn_of(options).cell;
  std::vector<WeightGroup> groups;
  if (cell.get_if<StackedRNNCells>() != nullptr) {
    groups.push_back({"cell", name_of(cell)});
  }
  for (const RecurrentCell& one : layers_of(rnn_of(options))) {
    groups.push_back({one.path, one.name});
  }
  return groups;
}

}  // namespace

const LayerSpec& rnn_spec() {
  static const LayerSpec spec = {.class_name = "RNN",
                                 .auto_name = "rnn",
                                 .access = options_access<RNN, visit_options>(),
                                 .output_shape = output_shape,
                                 .weights = weights,
                                 .plan = plan,
                                 .mask_rule = mask_rule,
                                 .flops = flops,
                                 .more_outputs = more_outputs,
                                 .carried_floats = carried_floats,
                                 .weight_groups = weight_groups};
  return spec;
}

const LayerSpec& spec_of(const RNN&) { return rnn_spec(); }

}  // namespace engram
