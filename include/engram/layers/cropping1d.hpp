// SPDX-License-Identifier: Apache-2.0
/// Takes steps away from both ends of a sequence.
///
/// Example: model.add(Cropping1D{.cropping = {1, 1}});
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, T, D); result (N, T - cropping[0] - cropping[1], D). A mask ends here, as in
/// Keras. Errors: ShapeError when no step is left.
struct Cropping1D {
  std::array<std::int64_t, 2> cropping = {1, 1};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Cropping1D&);

}  // namespace engram
