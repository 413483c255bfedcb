// SPDX-License-Identifier: Apache-2.0
/// A layer applied to each step of a sequence by itself.
///
/// Example: model.add(TimeDistributed{.layer = Dense{.units = 10, .activation = "softmax"}});
#pragma once

#include <optional>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Each step is a sample of its own for `layer`, with the same weights.
/// Shapes: x (N, T, ...); result (N, T, ...) with what the layer makes of the rest.
/// Weights: those of the layer.
struct TimeDistributed {
  std::optional<Layer> layer = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const TimeDistributed&);

}  // namespace engram
