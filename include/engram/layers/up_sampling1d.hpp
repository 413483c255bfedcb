// SPDX-License-Identifier: Apache-2.0
/// Repeats each step of a sequence.
///
/// Example: model.add(UpSampling1D{.size = 2});
#pragma once

#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, T, D); result (N, size T, D). A mask ends here, as in Keras.
struct UpSampling1D {
  std::int64_t size = 2;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const UpSampling1D&);

}  // namespace engram
