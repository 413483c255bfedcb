// SPDX-License-Identifier: Apache-2.0
/// Where signals, gradients and workspaces of a slice lie: places worked out once, arrays for each
/// worker.
#include "engine/plan.hpp"

#include <algorithm>
#include <utility>

namespace engram {

void Plan::place_buffers() {
  std::int64_t packed = 0, states = 0;
  const auto place = [&](std::int64_t floats) {
    return std::exchange(arena_floats_, arena_floats_ + aligned_floats(floats));
  };
  for (Place& input : inputs_) {
    input.value = place(input.size * slice_rows_);
    const auto i = static_cast<std::size_t>(&input - inputs_.data());
    if (!key_.has_lengths.empty() && key_.has_lengths[i]) {
      input.mask = std::exchange(arena_masks_, arena_masks_ + key_.inputs[i][0] * slice_rows_);
    }
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (!node.plan) {
      continue;
    }
    node.packed = std::exchange(packed, packed + aligned_floats(node.plan->packed_floats()));
    for (std::int64_t part = 0; part < node.plan->pack_parts(); ++part) {
      pack_parts_.emplace_back(i, part);
    }
    node.states = states;
    states += key_.has_states ? aligned_floats(node.plan->state_floats() * key_.rows) : 0;
    for (Place& output : node.outputs) {
      output.value = place(output.size * slice_rows_);
      output.gradient = node.needs_gradient ? place(output.size * slice_rows_) : kNowhere;
    }
    node.workspace = place(node.plan->workspace_floats());
    const Shape& shape = shapes_.outputs[i][0];
    const std::int64_t steps = shape.size() > 1 ? shape[0] : 1;
    node.mask =
        std::exchange(arena_masks_, arena_masks_ + (node.makes_mask ? steps * slice_rows_ : 0));
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    outputs_[i].logits =
        outputs_[i].uses_logits ? place(size_of(output_shape(i)) * slice_rows_) : kNowhere;
  }
  packed_ = AlignedFloats(packed);
  state_floats_ = states;
}

/// Where a consumer puts its gradient of `port`: the first in the order of the backward pass has
/// the signal's own array, the others one each, a share to be added.
std::int64_t Plan::place_gradient(Port port, std::optional<Share>& share) {
  if (is_input(port) || !nodes_[static_cast<std::size_t>(port.node)].needs_gradient) {
    return kNowhere;
  }
  Place& place =
      nodes_[static_cast<std::size_t>(port.node)].outputs[static_cast<std::size_t>(port.output)];
  if (!std::exchange(place.is_used, true)) {
    return place.gradient;
  }
  share = Share{.from = arena_floats_, .to = place.gradient, .size = place.size};
  arena_floats_ += aligned_floats(place.size * slice_rows_);
  return share->from;
}

void Plan::place_gradients() {
  if (!key_.is_training) {
    return;
  }
  for (Output& output : outputs_) {
    output.gradient = place_gradient(output.port, output.share);
  }
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    for (std::size_t k = 0; node.plan && k < node.inputs.size(); ++k) {
      std::optional<Share> share;
      node.input_gradients.push_back(place_gradient(node.inputs[k], share));
      if (share) {
        node.shares.push_back(*share);
      }
    }
  }
}

/// The signal at `port`; its gradient is each consumer's own affair.
Signal Plan::signal_of(Port port, const Arena& arena) const {
  if (is_input(port)) {
    float* base = const_cast<float*>(arena.floats.data());
    const Place& input = inputs_[static_cast<std::size_t>(~port.node)];
    auto* masks = const_cast<std::uint8_t*>(arena.masks.data());
    return {.value = base + input.value,
            .mask = input.mask == kNowhere ? nullptr : masks + input.mask};
  }
  return arena.outputs[static_cast<std::size_t>(port.node)][static_cast<std::size_t>(port.output)];
}

Plan::Arena Plan::make_arena() const {
  Arena arena;
  arena.floats = AlignedFloats(arena_floats_);
  arena.masks.resize(static_cast<std::size_t>(arena_masks_));
  float* base = arena.floats.data();
  const auto at = [&](std::int64_t place) { return place == kNowhere ? nullptr : base + place; };
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    std::vector<Signal> inputs, outputs;
    for (std::size_t k = 0; node.plan && k < node.inputs.size(); ++k) {
      inputs.push_back(signal_of(node.inputs[k], arena));
      inputs.back().gradient = key_.is_training ? at(node.input_gradients[k]) : nullptr;
    }
    for (std::size_t k = 0; node.plan && k < node.outputs.size(); ++k) {
      const Place& place = node.outputs[k];
      const bool has_gradient = place.is_used || k == 0 || node.is_penalized;
      outputs.push_back(
          {.value = at(place.value), .gradient = has_gradient ? at(place.gradient) : nullptr});
    }
    if (node.plan && node.has_mask) {
      outputs[0].mask = node.makes_mask ? arena.masks.data() + node.mask : inputs[0].mask;
    }
    if (node.ignores_mask && !inputs.empty()) {
      inputs[0].mask = nullptr;
    }
    for (const std::size_t k : node.unmasked) {
      inputs[k].mask = nullptr;
    }
    for (const Output& output : outputs_) {
      if (output.uses_logits && output.port.node == static_cast<int>(i)) {
        outputs[0].logits = at(output.logits);
      }
    }
    arena.outputs.push_back(std::move(outputs));
    arena.inputs.push_back(std::move(inputs));
  }
  return arena;
}

Plan::Arena& Plan::arena_of(int worker) {
  Arena& arena = arenas_[static_cast<std::size_t>(worker)];
  if (arena.outputs.empty()) {
    arena = make_arena();  // on the worker that uses it, and only for those that find a slice
  }
  return arena;
}

}  // namespace engram
