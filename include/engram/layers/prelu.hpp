// SPDX-License-Identifier: Apache-2.0
/// A rectified linear unit whose slopes below 0 are learned.
///
/// Example: model.add(PReLU{.shared_axes = {1}});
#pragma once

#include <string>

#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// y = x above 0, alpha x elsewhere.
/// Shapes: the result has x's shape. Weights: alpha, of a sample's shape, with length 1 along
/// shared_axes (1 is the first axis behind the batch).
/// Source: He et al. 2015.
struct PReLU {
  Initializer alpha_initializer = "zeros";
  Regularizer alpha_regularizer = {};
  Constraint alpha_constraint = {};
  Shape shared_axes = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const PReLU&);

}  // namespace engram
