// SPDX-License-Identifier: Apache-2.0
/// Recurrent layers one on the other that are one layer of the model: RNN's cells, num_layers.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "layers/layer_spec.hpp"

namespace engram {

/// Most states that one layer of a stack takes and gives: h and c in both directions.
constexpr std::size_t kMostPartStates = 4;

/// Most layers by num_layers: a layer has at most 64 weights, these 4 in two directions.
constexpr std::int64_t kMostLayers = 8;

/// One layer of a stack.
struct StackPart {
  std::unique_ptr<LayerPlan> plan;
  std::size_t weights = 0, states = 0;
  std::int64_t size = 0;  ///< floats of a sample of its output
};

/// The inputs of layer `i`: the output below it, and its share of the states, which come in the
/// order of the layers.
std::vector<Shape> stacked_inputs(std::span<const Shape> inputs,
                                  const Shape& below,
                                  std::size_t first_state,
                                  std::size_t states);

/// What the layer above the first one is planned for.
LayerSizes stacked_sizes(const LayerSizes& whole,
                         std::vector<Shape> inputs,
                         const Shape& output,
                         bool is_first);

/// Dropout between two layers, of sequences of shape `shape`; nothing outside training.
std::optional<StackPart> stacked_dropout(const LayerSizes& whole,
                                         const Shape& shape,
                                         float rate,
                                         std::optional<std::int64_t> seed);

/// A masked step is masked for all of the layers, so that what a lower one gives there is not read.
/// turns_mask: the first layer goes backwards and gives its output in the order of processing.
std::unique_ptr<LayerPlan> stack_plan(std::vector<StackPart> parts,
                                      const LayerSizes& sizes,
                                      bool turns_mask);

}  // namespace engram
