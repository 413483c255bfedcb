// SPDX-License-Identifier: Apache-2.0
/// Two layers that run over a sequence in both directions, and their merge.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "layers/inner_layer.hpp"
#include "layers/stack_plan.hpp"

namespace engram {

/// Most states that a direction takes: those of a layer with num_layers.
constexpr std::size_t kMostDirectionStates = 2 * kMostLayers;

/// The plan of `directions`, forwards and backwards, each of which gives the shape `inner`. mode:
/// Keras's merge_mode, or "": the backward sequence is an output of its own.
std::unique_ptr<LayerPlan> bidirectional_plan(std::span<const InnerLayer> directions,
                                              std::string mode,
                                              const LayerSizes& sizes,
                                              const Shape& inner);

}  // namespace engram
