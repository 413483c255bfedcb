// SPDX-License-Identifier: Apache-2.0
/// A graph of layers with the places of their weights in one flat array.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

/// A weight: `size` floats from `offset` (a multiple of 16) in the flat array.
struct NetworkWeight {
  std::string path, layer, name;
  std::string group;  ///< the part of the layer that holds it in files, WeightSpec::group
  Shape shape;
  std::int64_t offset = 0, size = 0;
  bool is_trainable = true;
  std::optional<float> momentum = {};  ///< of a moving average that training updates
  WeightRules rules = {};              ///< its regularizer and constraint
};

/// A layer in the graph. Its inputs are nodes before it; none: the model's input.
struct NetworkNode {
  Layer layer;
  std::string name;
  std::vector<int> inputs;
  std::vector<int> weights;  ///< places in Network::weights

  const LayerSpec& spec() const { return layer.spec(); }

  const void* options() const { return layer.options(); }

  std::string where() const;  ///< "LSTM 'lstm_1'", the place in messages
};

/// Nodes in an order in which each comes after its inputs; the last is the output.
struct Network {
  std::vector<NetworkNode> nodes;
  std::vector<NetworkWeight> weights;
  std::int64_t floats = 0;  ///< of the flat array of weights
};

/// The samples' shapes that each node gives for inputs of shape `input` (-1: any length).
/// Errors: ShapeError naming the layer.
std::vector<Shape> output_shapes(const Network& network, const Shape& input);

/// Lays out the weights for inputs of shape `input`. Errors: ShapeError, OptionError.
void place_weights(Network& network, const Shape& input);

/// First values of all weights; they depend on `seed` only.
void initialize_weights(const Network& network,
                        const Shape& input,
                        std::uint64_t seed,
                        float* flat);

/// Floating-point operations of one sample's forward pass.
std::int64_t forward_flops(const Network& network, const Shape& input);

/// The inputs' shapes of node `node`, out of output_shapes.
std::vector<Shape> input_shapes(const NetworkNode& node,
                                std::span<const Shape> outputs,
                                const Shape& input);

}  // namespace engram
