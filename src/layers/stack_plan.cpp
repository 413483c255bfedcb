// SPDX-License-Identifier: Apache-2.0
#include "layers/stack_plan.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/aligned.hpp"
#include "engram/layers/dropout.hpp"
#include "layers/inner_layer.hpp"

namespace engram {

namespace {

class StackPlan final : public PlanOfPlans {
 public:
  StackPlan(std::vector<StackPart> parts, const LayerSizes& sizes, bool turns_mask)
      : steps_(sizes.inputs[0][0]),
        is_training_(sizes.is_training),
        turns_mask_(turns_mask && sizes.has_mask && parts.size() > 1) {
    std::int64_t own = 0;
    const auto place = [&](std::int64_t floats) {
      return std::exchange(own, own + aligned_floats(floats));
    };
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const std::int64_t floats = parts[i].size * sizes.rows;
      values_.push_back(place(floats));
      gradients_.push_back(place(is_training_ ? floats : 0));
    }
    mask_ = place(turns_mask_ ? steps_ * sizes.rows : 0);
    plans_ = InnerPlans(own);
    for (StackPart& part : parts) {
      first_states_.push_back(states_);
      states_ += part.states;
      plans_.add(std::move(part.plan), part.weights);
    }
    first_states_.push_back(states_);
  }

  void forward(const SliceRun& run) const override {
    if (turns_mask_ && run.inputs[0].mask != nullptr) {
      std::uint8_t* to = turned_mask(run);
      for (std::int64_t t = 0; t < steps_; ++t) {
        std::copy_n(run.inputs[0].mask + (steps_ - 1 - t) * run.rows, run.rows, to + t * run.rows);
      }
    }
    for (std::size_t i = 0; i < parts(); ++i) {
      Inputs inputs;
      plans_[i].plan->forward(inner_run(run, i, inputs));
    }
  }

  void backward(const SliceRun& run) const override {
    for (std::size_t i = parts(); i-- > 0;) {
      Inputs inputs;
      plans_[i].plan->backward(inner_run(run, i, inputs));
    }
  }

 private:
  using Inputs = std::array<Signal, 1 + kMostPartStates>;  // the sequence, and first states

  std::size_t parts() const { return first_states_.size() - 1; }

  /// A mask in the order of processing; bytes in the place of floats.
  std::uint8_t* turned_mask(const SliceRun& run) const {
    return reinterpret_cast<std::uint8_t*>(run.workspace + mask_);
  }

  /// What part `i` gives to the next.
  Signal between(const SliceRun& run, std::size_t i) const {
    return {.value = run.workspace + values_[i],
            .gradient = is_training_ ? run.workspace + gradients_[i] : nullptr};
  }

  /// The run of a part; `inputs` holds its input signals.
  SliceRun inner_run(const SliceRun& run, std::size_t i, Inputs& inputs) const {
    SliceRun inner = plans_[i].run(run);
    const std::size_t first = first_states_[i], states = first_states_[i + 1] - first;
    const std::size_t given = run.inputs.size() > 1 ? states : 0;
    inputs[0] = i == 0 ? run.inputs[0] : between(run, i - 1);
    inputs[0].mask = i > 0 && turns_mask_ ? turned_mask(run) : run.inputs[0].mask;
    std::ranges::copy(run.inputs.subspan(given > 0 ? 1 + first : 1, given), inputs.begin() + 1);
    inner.inputs = std::span(inputs).first(1 + given);
    if (!run.more_outputs.empty()) {
      inner.more_outputs = run.more_outputs.subspan(first, states);
    }
    if (i + 1 < parts()) {
      inner.output = between(run, i);
    }
    return inner;
  }

  std::int64_t steps_;
  bool is_training_, turns_mask_;
  std::vector<std::int64_t> values_, gradients_;  // places in the workspace
  std::int64_t mask_ = 0;
  std::size_t states_ = 0;
  std::vector<std::size_t> first_states_;  // of the parts, and their number
};

}  // namespace

std::vector<Shape> stacked_inputs(std::span<const Shape> inputs,
                                  const Shape& below,
                                  std::size_t first_state,
                                  std::size_t states) {
  std::vector<Shape> own = {below};
  if (inputs.size() > 1) {
    std::ranges::copy(inputs.subspan(1 + first_state, states), std::back_inserter(own));
  }
  return own;
}

LayerSizes stacked_sizes(const LayerSizes& whole,
                         std::vector<Shape> inputs,
                         const Shape& output,
                         bool is_first) {
  LayerSizes sizes = whole;
  sizes.inputs = std::move(inputs);
  sizes.output = output;
  sizes.needs_input_gradient |= !is_first && whole.is_training;
  sizes.keeps_logits = false;
  return sizes;
}

std::optional<StackPart> stacked_dropout(const LayerSizes& whole,
                                         const Shape& shape,
                                         float rate,
                                         std::optional<std::int64_t> seed) {
  const Layer dropout = Dropout{.rate = rate, .seed = seed};
  if (dropout.spec().is_identity(dropout.options(), whole.is_training)) {
    return std::nullopt;
  }
  StackPart part;
  part.plan = dropout.spec().plan(dropout.options(), stacked_sizes(whole, {shape}, shape, false));
  part.size = size_of(shape);
  return part;
}

std::unique_ptr<LayerPlan> stack_plan(std::vector<StackPart> parts,
                                      const LayerSizes& sizes,
                                      bool turns_mask) {
  return std::make_unique<StackPlan>(std::move(parts), sizes, turns_mask);
}

}  // namespace engram
