// SPDX-License-Identifier: Apache-2.0
/// Makes images larger.
///
/// Example: model.add(UpSampling2D{.size = {2, 2}});
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// interpolation "nearest" repeats each pixel, "bilinear" mixes those whose centres are nearest.
/// Shapes: x (N, height, width, D); result (N, size[0] height, size[1] width, D).
struct UpSampling2D {
  std::array<std::int64_t, 2> size = {2, 2};
  std::string data_format = "channels_last";
  std::string interpolation = "nearest";
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const UpSampling2D&);

}  // namespace engram
