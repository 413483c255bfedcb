// SPDX-License-Identifier: Apache-2.0
/// Multiplies by a number and adds one.
///
/// Example: model.add(Rescaling{.scale = 1.0f / 255});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// y = scale x + offset. Shapes: the result has x's shape.
struct Rescaling {
  float scale = 1.0f;
  float offset = 0.0f;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Rescaling&);

}  // namespace engram
