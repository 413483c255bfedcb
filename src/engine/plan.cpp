// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.hpp"

#include <algorithm>
#include <utility>

#include "engine/nested_model.hpp"
#include "engine/slices.hpp"
#include "kernels/target.hpp"
#include "layers/activity.hpp"

namespace engram {

namespace {

// Below this many operations a batch stays on the calling thread: waking a worker costs a few
// microseconds, in which one core does about this much.
constexpr std::int64_t kSmallFlops = 1'000'000;

// One slice with fewer weights than this stays there too: to bring what another thread has updated
// back takes longer than to update it here.
constexpr std::int64_t kSharedWeights = 200'000;

/// True when a penalty on what a layer gives looks at rows together.
bool joins_activities(const Network& network) {
  return std::ranges::any_of(network.nodes, [](const NetworkNode& node) {
    const auto found = activity_regularizers(node.spec(), node.options());
    return std::ranges::any_of(found, [](const Regularizer& regularizer) {
      return regularizer.choice->spec().joins_rows;
    });
  });
}

}  // namespace

Plan::Plan(const Network& network, const PlanKey& key, const Judgement* judgement)
    : expanded_(has_nested(network) ? std::optional(expanded(network, key.inputs)) : std::nullopt),
      network_(expanded_ ? *expanded_ : network),
      key_(key),
      shapes_(shapes_of(network_, key.inputs)),
      shown_masks_(shown_masks(network_)) {
  kernels::simd_target();  // refuses a bad ENGRAM_SIMD; kernels themselves cannot
  const auto joins_rows = [](const OutputJudgement& judged) {
    const LossScope scope = scope_of(*judged.loss);
    return scope == LossScope::rows_together || scope == LossScope::batch;
  };
  const bool is_compared = judgement != nullptr && std::ranges::any_of(*judgement, joins_rows);
  const bool is_whole =
      key.has_states || is_compared || joins_activities(network_) ||
      (key.is_training && std::ranges::any_of(network_.nodes, [](const auto& node) {
         const auto needs = node.spec().needs_whole_batch;
         return needs != nullptr && needs(node.options());
       }));
  flops_ = forward_flops(network_, shapes_) * key.rows * (key.is_training ? 3 : 1);
  slice_rows_ = is_whole ? key.rows
                         : slice_rows({.batch_rows = key.rows,
                                       .weights = network.floats,
                                       .flops = flops_,
                                       .is_training = key.is_training});
  for (const Shape& input : key.inputs) {
    inputs_.push_back({.size = size_of(input)});
  }
  add_outputs(judgement);
  nodes_.reserve(network_.nodes.size());
  for (const NetworkNode& node : network_.nodes) {
    add_node(node);
  }
  for (Output& output : outputs_) {
    output.port = source_of(output.port);
  }
  place_buffers();
  place_gradients();
}

/// An output is judged by its logits when the loss can use them and nobody else reads the values.
void Plan::add_outputs(const Judgement* judgement) {
  for (std::size_t i = 0; i < network_.outputs.size(); ++i) {
    const Port port = network_.outputs[i];
    auto uses = std::ranges::count(network_.outputs, port);
    for (const NetworkNode& node : network_.nodes) {
      uses += std::ranges::count(node.inputs, port);
    }
    const NetworkNode& node = network_.nodes[static_cast<std::size_t>(port.node)];
    const LogitsOf from = port.output == 0 ? node.spec().logits_of(node.options()) : LogitsOf::none;
    Output output{.port = port};
    if (judgement != nullptr && from != LogitsOf::none && uses == 1) {
      const Loss& loss = *(*judgement)[i].loss;
      output.uses_logits = loss.spec().uses_logits(loss.options(), from);
    }
    outputs_.push_back(output);
  }
}

bool Plan::is_input(Port port) const { return port.node < 0; }

/// Where a signal comes from, past the layers that do nothing: a node with a plan, or, with the
/// negative number ~i, input i of the model.
Port Plan::source_of(Port port) const {
  while (!is_input(port) && !nodes_[static_cast<std::size_t>(port.node)].plan) {
    port = nodes_[static_cast<std::size_t>(port.node)].inputs[0];
  }
  return port;
}

bool Plan::has_lengths(Port port) const {
  if (is_input(port)) {
    const auto input = static_cast<std::size_t>(~port.node);
    return !key_.has_lengths.empty() && key_.has_lengths[input];
  }
  return port.output == 0 && nodes_[static_cast<std::size_t>(port.node)].has_lengths;
}

bool Plan::has_mask(Port port) const {
  return is_input(port) ? has_lengths(port)
                        : port.output == 0 && nodes_[static_cast<std::size_t>(port.node)].has_mask;
}

/// Keras joins the masks that its graph shows, if there are any: inputs that get theirs when the
/// model runs count as if they had none.
void Plan::hide_masks(Node& node) const {
  const std::vector<Port>& ports = node.node->inputs;
  const auto is_shown = [&](Port port) { return shows_mask(shown_masks_, port); };
  if (std::ranges::any_of(ports, is_shown)) {
    for (std::size_t i = 0; i < ports.size(); ++i) {
      if (!is_shown(ports[i]) && !has_lengths(node.inputs[i])) {
        node.unmasked.push_back(i);
      }
    }
  }
}

void Plan::add_node(const NetworkNode& node) {
  Node added{.node = &node};
  const std::size_t index = nodes_.size();
  const LayerSpec& spec = node.spec();
  LayerSizes sizes{.inputs = shapes_.inputs[index],
                   .output = shapes_.outputs[index][0],
                   .rows = slice_rows_,
                   .is_training = key_.is_training};
  for (const Port& port : node.inputs) {
    added.inputs.push_back(source_of(port));
  }
  if (node.inputs.empty()) {
    const auto at = std::ranges::find(network_.inputs, static_cast<int>(index));
    added.inputs.push_back({.node = ~static_cast<int>(at - network_.inputs.begin())});
  }
  std::size_t masks = 0;
  for (const Port& port : added.inputs) {
    const bool is_first = &port == &added.inputs.front();
    sizes.has_mask |= is_first && has_mask(port);
    sizes.has_lengths |= is_first && has_lengths(port);
    added.has_lengths |= has_lengths(port);
    masks += has_mask(port) ? 1 : 0;
    if (!is_input(port)) {
      const Node& input = nodes_[static_cast<std::size_t>(port.node)];
      added.needs_gradient |= input.needs_gradient;
      sizes.needs_input_gradient |= is_first && input.needs_gradient;
    }
  }
  const MaskRule rule = mask_rule_of(network_, node);
  added.makes_mask = (rule == MaskRule::makes && !masks_places(node, sizes.inputs)) ||
                     (rule == MaskRule::joins_any && masks > 0) ||
                     (rule == MaskRule::joins_all && masks == added.inputs.size());
  if (rule == MaskRule::joins_any) {
    hide_masks(added);
  }
  added.has_mask = added.makes_mask || (rule == MaskRule::passes && sizes.has_mask);
  added.has_lengths &= added.has_mask;
  added.ignores_mask = ignores_mask(node) && !sizes.has_lengths;
  sizes.has_mask &= !added.ignores_mask;
  const bool trains = std::any_of(node.weights.begin(), node.weights.end(), [&](int i) {
    const NetworkWeight& weight = network_.weights[static_cast<std::size_t>(i)];
    return weight.is_trainable || weight.momentum;
  });
  added.needs_gradient = key_.is_training && (trains || added.needs_gradient);
  for (const Shape& shape : shapes_.outputs[index]) {
    added.outputs.push_back({.size = size_of(shape)});
  }
  // An Input does not count: a saved model has one even where the model had none, and dropout's
  // numbers go by the position.
  for (const Node& before : nodes_) {
    added.position += before.node->spec().class_name != "InputLayer" ? 1 : 0;
  }
  sizes.keeps_logits = std::ranges::any_of(outputs_, [&](const Output& output) {
    return output.uses_logits && output.port.node == static_cast<int>(index);
  });
  if (!reads_texts(network_, node) && !spec.is_identity(node.options(), key_.is_training)) {
    added.plan = plan_of(spec, node.options(), sizes);
    added.is_penalized = !activity_regularizers(spec, node.options()).empty();
  }
  nodes_.push_back(std::move(added));
}

std::int64_t Plan::bytes(int workers) const {
  const std::int64_t slices = (key_.rows + slice_rows_ - 1) / slice_rows_;
  const std::int64_t floats = packed_.size() + state_floats_ +
                              arena_floats_ * std::min<std::int64_t>(workers, slices) +
                              (key_.is_training ? network_.floats * slices : 0);
  return floats * static_cast<std::int64_t>(sizeof(float));
}

bool Plan::is_small() const {
  const bool is_one_slice = key_.rows <= slice_rows_;
  return flops_ < kSmallFlops || (is_one_slice && network_.floats < kSharedWeights);
}

}  // namespace engram
