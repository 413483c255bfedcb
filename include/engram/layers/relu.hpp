// SPDX-License-Identifier: Apache-2.0
/// The rectified linear unit, with a limit, a slope and a threshold.
///
/// Example: model.add(ReLU{.max_value = 6.0f});
#pragma once

#include <optional>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// y = min(x, max_value) above threshold, negative_slope (x - threshold) elsewhere.
/// Shapes: the result has x's shape.
struct ReLU {
  std::optional<float> max_value = {};
  float negative_slope = 0.0f;
  float threshold = 0.0f;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const ReLU&);

}  // namespace engram
