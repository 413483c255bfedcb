// SPDX-License-Identifier: Apache-2.0
/// Repeats a vector along a new time axis.
///
/// Example: model.add(RepeatVector{.n = 3});
#pragma once

#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, D); result (N, n, D). A mask ends here, as in Keras.
struct RepeatVector {
  std::int64_t n = 0;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const RepeatVector&);

}  // namespace engram
