// SPDX-License-Identifier: Apache-2.0
/// A penalty on what goes by, as the option activity_regularizer of other layers.
///
/// Example: model.add(ActivityRegularization{.l1 = 1e-3f});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// y = x; the loss is more by (l1 sum |x| + l2 sum x^2) / N. Shapes: the result has x's shape.
struct ActivityRegularization {
  float l1 = 0.0f;
  float l2 = 0.0f;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const ActivityRegularization&);

}  // namespace engram
