// SPDX-License-Identifier: Apache-2.0
/// How the layers of a network hang together, as summary() and plot_model show it.
#pragma once

#include <string>
#include <vector>

#include "engine/network.hpp"
#include "engram/model.hpp"

namespace engram {

/// True when each layer is called once, on the one before it.
bool is_line(const Network& network);

/// The shapes with the batch axis, -1, in front.
std::vector<Shape> with_batch_axis(std::vector<Shape> shapes);

/// All shapes that a layer gives; none: it is not built.
std::vector<Shape> output_shapes(const LayerInfo& layer);

/// "(None, 3)", or "[(None, 3), (None, 2)]" of several, or "?" of none, as Keras writes them.
std::string shapes_text(const std::vector<Shape>& shapes);

/// Fills in what `info` says of a layer, named by its first call, beside its outputs and weights.
/// `shapes` may be null: not built.
void add_connections(const Network& network,
                     int layer,
                     const NetworkShapes* shapes,
                     LayerInfo& info);

}  // namespace engram
