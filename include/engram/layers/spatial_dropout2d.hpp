// SPDX-License-Identifier: Apache-2.0
/// Dropout of whole features: one decision holds for all places of an image.
///
/// Example: model.add(SpatialDropout2D{.rate = 0.2f});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, height, width, D), and the result. Units: rate is a share in [0, 1).
/// Source: Tompson et al. 2014; numbers as Dropout's.
struct SpatialDropout2D {
  float rate = 0.0f;
  std::string data_format = "channels_last";
  std::optional<std::int64_t> seed = {};
  std::string name = "";
};

const LayerSpec& spec_of(const SpatialDropout2D&);

}  // namespace engram
