// SPDX-License-Identifier: Apache-2.0
/// Makes one axis of all axes of a sample.
///
/// Example: model.add(Flatten{});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, ...); result (N, D). A mask ends here, as in Keras.
/// data_format "channels_first" (N, D, ...) puts the features last before.
struct Flatten {
  std::string data_format = "channels_last";
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Flatten&);

}  // namespace engram
