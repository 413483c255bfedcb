// SPDX-License-Identifier: Apache-2.0
/// A rectified linear unit that lets a share of negative values through.
///
/// Example: model.add(LeakyReLU{.negative_slope = 0.1f});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// y = x above 0, negative_slope x elsewhere. Shapes: the result has x's shape.
struct LeakyReLU {
  float negative_slope = 0.3f;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const LeakyReLU&);

}  // namespace engram
