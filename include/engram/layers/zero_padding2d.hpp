// SPDX-License-Identifier: Apache-2.0
/// Puts rows and columns of zeros around images.
///
/// Example: model.add(ZeroPadding2D{.padding = {{{1, 1}, {2, 0}}}});
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, height, width, D); result with padding[0][0] rows before and padding[0][1] behind,
/// and likewise columns.
struct ZeroPadding2D {
  std::array<std::array<std::int64_t, 2>, 2> padding = {{{1, 1}, {1, 1}}};
  std::string data_format = "channels_last";
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const ZeroPadding2D&);

}  // namespace engram
