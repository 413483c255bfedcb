// SPDX-License-Identifier: Apache-2.0
/// The largest value over all steps.
///
/// Example: model.add(GlobalMaxPooling1D{});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, T, D); result (N, D), or (N, 1, D) with keepdims. A mask ends here and changes
/// nothing, as in Keras.
struct GlobalMaxPooling1D {
  std::string data_format = "channels_last";
  bool keepdims = false;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const GlobalMaxPooling1D&);

}  // namespace engram
