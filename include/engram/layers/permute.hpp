// SPDX-License-Identifier: Apache-2.0
/// Changes the order of a sample's axes.
///
/// Example: model.add(Permute{.dims = {2, 1}});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// Shapes: axis i of the result is axis dims[i] of x; 1 is the first axis behind the batch.
/// A mask ends here, as in Keras. Errors: ShapeError when dims is no order of x's axes.
struct Permute {
  Shape dims = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Permute&);

}  // namespace engram
