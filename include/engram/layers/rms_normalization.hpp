// SPDX-License-Identifier: Apache-2.0
/// Divides what each step holds by its root mean square.
///
/// Example: model.add(RMSNormalization{});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// y = scale x / sqrt(mean x^2 + epsilon), the mean over the last axis.
/// Shapes: the result has x's shape. Weights: scale (D).
/// Errors: ShapeError for another axis than the last. Source: Zhang & Sennrich 2019.
struct RMSNormalization {
  Shape axis = {-1};
  float epsilon = 1e-6f;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const RMSNormalization&);

}  // namespace engram
