// SPDX-License-Identifier: Apache-2.0
/// The largest value of each window of steps.
///
/// Example: model.add(MaxPooling1D{.pool_size = 2});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Without strides a window begins where the last ended. padding as Conv1D's, without "causal".
/// Of a window's values the largest value: its gradient goes to the first of several.
/// Shapes: x (N, T, D); result (N, T', D). A mask ends here, as in Keras.
/// Errors: ShapeError when no whole window fits.
struct MaxPooling1D {
  std::int64_t pool_size = 2;
  std::optional<std::int64_t> strides = {};
  std::string padding = "valid";
  std::string data_format = "channels_last";
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const MaxPooling1D&);

}  // namespace engram
