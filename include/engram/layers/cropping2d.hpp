// SPDX-License-Identifier: Apache-2.0
/// Takes rows and columns away from the edges of images.
///
/// Example: model.add(Cropping2D{.cropping = {{{1, 1}, {2, 0}}}});
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, height, width, D); result without the first cropping[0][0] and the last
/// cropping[0][1] rows, and likewise columns. Errors: ShapeError when nothing is left.
struct Cropping2D {
  std::array<std::array<std::int64_t, 2>, 2> cropping = {};
  std::string data_format = "channels_last";
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Cropping2D&);

}  // namespace engram
