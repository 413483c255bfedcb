// SPDX-License-Identifier: Apache-2.0
/// Applies an activation. Keras calls the layer Activation, which here is the activation itself.
///
/// Example: model.add(ActivationLayer{.activation = "relu"});
#pragma once

#include <string>

#include "engram/activations.hpp"
#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: the result has x's shape; softmax goes along the last axis.
struct ActivationLayer {
  Activation activation = "linear";
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const ActivationLayer&);

}  // namespace engram
