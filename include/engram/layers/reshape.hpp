// SPDX-License-Identifier: Apache-2.0
/// Gives samples another shape of as many values.
///
/// Example: model.add(Reshape{.target_shape = {3, 4}});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// Shapes: x (N, ...); result (N, target_shape), of which one axis may be -1: what the others
/// leave. A mask ends here, as in Keras. Errors: ShapeError when the sizes differ.
struct Reshape {
  Shape target_shape = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Reshape&);

}  // namespace engram
