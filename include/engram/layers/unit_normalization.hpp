// SPDX-License-Identifier: Apache-2.0
/// Brings the values of a place to length 1.
///
/// Example: model.add(UnitNormalization{});
#pragma once

#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// y = x / sqrt(max(sum of squares over the last axis, 1e-24)). Shapes: the result has x's shape.
/// Errors: ShapeError for another axis than the last.
struct UnitNormalization {
  std::int64_t axis = -1;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const UnitNormalization&);

}  // namespace engram
