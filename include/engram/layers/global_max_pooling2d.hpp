// SPDX-License-Identifier: Apache-2.0
/// The largest value over height and width.
///
/// Example: model.add(GlobalMaxPooling2D{});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, height, width, D); result (N, D), or (N, 1, 1, D) with keepdims.
struct GlobalMaxPooling2D {
  std::string data_format = "channels_last";
  bool keepdims = false;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const GlobalMaxPooling2D&);

}  // namespace engram
