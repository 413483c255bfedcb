// SPDX-License-Identifier: Apache-2.0
#include "layers/chain_plan.hpp"

#include <utility>

#include "base/aligned.hpp"

namespace engram {

ChainPlan::ChainPlan(std::vector<ChainLink> links, const LayerSizes& sizes) {
  std::int64_t own = 0;
  for (std::size_t i = 0; i + 1 < links.size(); ++i) {
    const std::int64_t floats = aligned_floats(size_of(links[i].output) * sizes.rows);
    Place place{.value = std::exchange(own, own + floats)};
    if (sizes.is_training && links[i].needs_gradient) {
      place.gradient = std::exchange(own, own + floats);
    }
    places_.push_back(place);
  }
  plans_ = InnerPlans(own);
  for (ChainLink& link : links) {
    plans_.add(std::move(link.plan), link.weights);
  }
}

Signal ChainPlan::between(std::size_t i, const SliceRun& run) const {
  const Place& place = places_[i];
  return {.value = run.workspace + place.value,
          .gradient = place.gradient == kNowhere ? nullptr : run.workspace + place.gradient,
          .mask = run.inputs[0].mask};
}

SliceRun ChainPlan::run_of(std::size_t i, const SliceRun& run, Signal& input) const {
  SliceRun inner = plans_[i].run(run);
  input = i == 0 ? run.inputs[0] : between(i - 1, run);
  inner.inputs = {&input, 1};
  const bool is_last = i == places_.size();
  inner.output = is_last ? run.output : between(i, run);
  inner.is_gradient_of_logits = is_last && run.is_gradient_of_logits;
  return inner;
}

void ChainPlan::forward(const SliceRun& run) const {
  Signal input;
  for (std::size_t i = 0; i <= places_.size(); ++i) {
    plans_[i].plan->forward(run_of(i, run, input));
  }
}

void ChainPlan::backward(const SliceRun& run) const {
  Signal input;
  for (std::size_t i = places_.size() + 1; i-- > 0;) {
    const SliceRun inner = run_of(i, run, input);
    if (inner.output.gradient != nullptr) {
      plans_[i].plan->backward(inner);
    }
  }
}

}  // namespace engram
