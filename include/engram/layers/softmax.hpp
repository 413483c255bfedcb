// SPDX-License-Identifier: Apache-2.0
/// Turns values along the last axis into shares that add up to 1.
///
/// Example: model.add(Softmax{});
#pragma once

#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: the result has x's shape. Errors: ShapeError for another axis than the last, and for
/// inputs with a mask.
struct Softmax {
  std::int64_t axis = -1;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Softmax&);

}  // namespace engram
