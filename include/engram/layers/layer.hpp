// SPDX-License-Identifier: Apache-2.0
/// Any layer, as a value, and the graphs that calls of layers make.
///
/// Example: Layer layer = Dense{.units = 1};
/// Example: KerasTensor x = Input{.shape = {60, 1}};
///          KerasTensor y = Layer(LSTM{.units = 8})(x);
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engram/choice.hpp"
#include "engram/tensor.hpp"

namespace engram {

struct LayerSpec;
struct LayerCall;
struct Input;
class KerasTensor;

/// Arguments of one call of a layer.
struct CallOptions {
  bool reverse = false;  ///< of ReversibleEmbedding: from vectors back to numbers for each id
};

/// A layer's options and kind; weights belong to the model that the layer is part of. Copies are
/// the same layer: called twice, they share their weights.
class Layer : public Choice<LayerSpec> {
 public:
  using Choice<LayerSpec>::Choice;

  /// The layer's (first) output for an input, as a part of a graph.
  /// Errors: ShapeError, OptionError when the layer cannot take it.
  KerasTensor operator()(const KerasTensor& x, const CallOptions& call = {}) const;

  /// The same for layers of several inputs: those that merge, and recurrent ones with the states to
  /// begin from after the sequence; as in Keras these do not see the sequence's mask then.
  KerasTensor operator()(const std::vector<KerasTensor>& inputs,
                         const CallOptions& call = {}) const;
};

/// A value in a graph of layers: what it will be is known by its shape only.
class KerasTensor {
 public:
  /// An input of models; each conversion makes another one, so keep the KerasTensor.
  KerasTensor(const Input& input);

  /// A sample's shape, -1 for any length.
  const Shape& shape() const;

  /// Output `i` of the call that made this one: the states of a layer that returns them.
  /// Errors: OptionError when there is none.
  KerasTensor output(std::size_t i) const;

  /// For those that build models of graphs.
  const std::shared_ptr<const LayerCall>& call() const { return call_; }

  std::size_t index() const { return index_; }

 private:
  friend class Layer;

  KerasTensor(std::shared_ptr<const LayerCall> call, std::size_t index)
      : call_(std::move(call)), index_(index) {}

  std::shared_ptr<const LayerCall> call_;
  std::size_t index_;
};

/// One call of a layer.
struct LayerCall {
  Layer layer;
  std::vector<KerasTensor> inputs;
  std::vector<Shape> outputs;
  CallOptions options = {};
};

}  // namespace engram
