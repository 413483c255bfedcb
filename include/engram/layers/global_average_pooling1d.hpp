// SPDX-License-Identifier: Apache-2.0
/// The mean over all steps.
///
/// Example: model.add(GlobalAveragePooling1D{});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, T, D); result (N, D), or (N, 1, D) with keepdims. With a mask, the mean of the
/// steps that count (NaN when none does, as in Keras); the mask ends here.
struct GlobalAveragePooling1D {
  std::string data_format = "channels_last";
  bool keepdims = false;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const GlobalAveragePooling1D&);

}  // namespace engram
