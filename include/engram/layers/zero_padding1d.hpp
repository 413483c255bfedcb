// SPDX-License-Identifier: Apache-2.0
/// Puts steps of zeros before and after a sequence.
///
/// Example: model.add(ZeroPadding1D{.padding = {1, 1}});
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, T, D); result (N, padding[0] + T + padding[1], D). A mask ends here, as in Keras.
struct ZeroPadding1D {
  std::array<std::int64_t, 2> padding = {1, 1};
  std::string data_format = "channels_last";
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const ZeroPadding1D&);

}  // namespace engram
