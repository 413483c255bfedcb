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
  std::string path;  ///< Keras's, "rnn/stacked_rnn_cells/gru_cell/kernel"
  std::string layer, name;
  std::string group;  ///< the part of the layer that holds it in files, WeightSpec::group
  Shape shape;
  std::int64_t offset = 0, size = 0;
  bool is_trainable = true;
  std::optional<float> momentum = {};  ///< of a moving average that training updates
  WeightRules rules = {};              ///< its regularizer and constraint
};

/// One of a node's outputs.
struct Port {
  int node = 0, output = 0;
  bool is_of_nested = false;  ///< leads out of a nested model whose nodes are in its place

  bool operator==(const Port&) const = default;
};

/// A call of a layer in the graph. Its inputs are outputs of nodes before it; none: an input of the
/// model.
struct NetworkNode {
  Layer layer;
  std::string name;
  std::vector<Port> inputs;
  int first_call = -1;  ///< the node that called the layer first, and has its weights; -1: this
  std::vector<int> weights;  ///< places in Network::weights
  /// States that a stateful layer carries, floats a row: how many, and how many lie before them.
  std::int64_t carried = 0, carried_at = 0;

  const LayerSpec& spec() const { return layer.spec(); }

  const void* options() const { return layer.options(); }

  std::string where() const;  ///< "LSTM 'lstm_1'", the place in messages
};

/// True of a recurrent layer that begins with given states: Keras hands a call of several tensors
/// no mask, though the mask goes on with the result.
bool ignores_mask(const NetworkNode& node);

/// Nodes in an order in which each comes after its inputs.
struct Network {
  std::vector<NetworkNode> nodes;
  std::vector<int> inputs;    ///< the nodes that take the model's inputs, in their order
  std::vector<Port> outputs;  ///< the model's outputs
  std::vector<int> layers;    ///< the nodes that call a layer first, in the order of Keras's layers
  std::vector<NetworkWeight> weights;
  std::int64_t floats = 0;               ///< of the flat array of weights
  std::int64_t carried = 0;              ///< floats a row of the states that stateful layers carry
  bool masks_stop_at_recurrent = false;  ///< MaskPropagation::up_to_recurrent_layers
};

/// Whether a node takes texts and hands on what its reader has made of them.
bool reads_texts(const Network& network, const NetworkNode& node);

/// What becomes of masks at a node, as its layer and the network say.
MaskRule mask_rule_of(const Network& network, const NetworkNode& node);

/// Whether a node makes a mask that Keras's graph does not show: it comes when the model runs.
bool hides_mask(const NetworkNode& node);

/// For each node of an expanded network, whether Keras's graph shows a mask of its first output.
std::vector<bool> shown_masks(const Network& network);

/// Whether a graph that shows these masks shows one at `port`.
bool shows_mask(const std::vector<bool>& shown, Port port);

/// Samples' shapes: what each node takes and gives.
struct NetworkShapes {
  std::vector<std::vector<Shape>> inputs, outputs;

  const Shape& of(Port port) const {
    return outputs[static_cast<std::size_t>(port.node)][static_cast<std::size_t>(port.output)];
  }
};

/// The order of Keras's Functional.layers, which that of weights and the names in files follow: by
/// the longest way to an output, then in the order in which the way back from the outputs meets
/// them.
std::vector<int> keras_order(const Network& network);

/// Keras's groups of the layers in files, such as "lstm_1": the class's name and a count, not the
/// layer's name.
std::vector<std::string> file_groups(const Network& network);

/// The shape of a node's first output. Errors: ShapeError naming the layer.
Shape output_shape(const Network& network, const NetworkNode& node, std::span<const Shape> inputs);

/// The shapes for inputs of the shapes `inputs` (-1: any length), one for each of Network::inputs.
/// Errors: ShapeError naming the layer.
NetworkShapes shapes_of(const Network& network, std::span<const Shape> inputs);

/// Whether a node makes a mask of several axes: one for the ids of an Embedding that lie along more
/// than time. A mask here has one value a step; what drops such a mask may follow, as in Keras.
bool masks_places(const NetworkNode& node, std::span<const Shape> inputs);

/// Lays out the weights, and the states of stateful layers, for such inputs. Errors: ShapeError,
/// OptionError.
void place_weights(Network& network, std::span<const Shape> inputs);

/// First values of all weights; they depend on `seed` only.
void initialize_weights(const Network& network,
                        std::span<const Shape> inputs,
                        std::uint64_t seed,
                        float* flat);

/// Floating-point operations of one sample's forward pass.
std::int64_t forward_flops(const Network& network, const NetworkShapes& shapes);

}  // namespace engram
