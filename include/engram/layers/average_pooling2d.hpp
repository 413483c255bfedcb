// SPDX-License-Identifier: Apache-2.0
/// The mean of each window of two axes.
///
/// Example: model.add(AveragePooling2D{.pool_size = {2, 2}});
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// As AveragePooling1D. Shapes: x (N, height, width, D); result (N, height', width', D).
/// Errors: ShapeError when no whole window fits.
struct AveragePooling2D {
  std::array<std::int64_t, 2> pool_size = {0, 0};
  std::optional<std::array<std::int64_t, 2>> strides = {};
  std::string padding = "valid";
  std::string data_format = "channels_last";
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const AveragePooling2D&);

}  // namespace engram
