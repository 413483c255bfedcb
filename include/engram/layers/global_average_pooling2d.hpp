// SPDX-License-Identifier: Apache-2.0
/// The mean over height and width.
///
/// Example: model.add(GlobalAveragePooling2D{});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, height, width, D); result (N, D), or (N, 1, 1, D) with keepdims.
struct GlobalAveragePooling2D {
  std::string data_format = "channels_last";
  bool keepdims = false;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const GlobalAveragePooling2D&);

}  // namespace engram
