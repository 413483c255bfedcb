// SPDX-License-Identifier: Apache-2.0
/// One time step after the other, for streams.
#include "engine/plan.hpp"

#include <algorithm>

#include "kernels/target.hpp"

namespace engram {

Plan::Steps Plan::make_steps(const float* weights) const {
  Steps steps;
  steps.arena_ = make_arena();
  steps.states_ = AlignedFloats(state_floats_);
  steps.weights_.resize(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].plan) {
      SliceRun run = slice_run(i, steps.arena_, {.rows = key_.rows, .state_rows = key_.rows});
      run.weights = pointers(nodes_[i], weights, steps.weights_[i]);
      run.states = steps.states_.data() + nodes_[i].states;
      steps.turns_.push_back({.plan = nodes_[i].plan.get(), .run = run});
    }
  }
  steps.input_ = {signal_of({.node = ~0}, steps.arena_).value,
                  static_cast<std::size_t>(inputs_[0].size * key_.rows)};
  steps.output_ = {signal_of(outputs_[0].port, steps.arena_).value,
                   static_cast<std::size_t>(size_of(output_shape()) * key_.rows)};
  return steps;
}

std::span<const float> Plan::step(Steps& steps, const float* x) {
  const kernels::FlushDenormals flush;
  std::copy_n(x, steps.input_.size(), steps.input_.data());
  for (const Steps::Turn& turn : steps.turns_) {
    turn.plan->forward(turn.run);
  }
  return steps.output_;
}

}  // namespace engram
