// SPDX-License-Identifier: Apache-2.0
/// Brings the values of a place to mean 0 and variance 1.
///
/// Example: model.add(LayerNormalization{});
#pragma once

#include <string>

#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and variance over the last axis.
/// Shapes: the result has x's shape. Weights: gamma (D) with scale, beta (D) with center.
/// Errors: ShapeError for another axis than the last. Source: Ba et al. 2016.
struct LayerNormalization {
  Shape axis = {-1};
  float epsilon = 1e-3f;
  bool center = true;
  bool scale = true;
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Regularizer beta_regularizer = {};
  Regularizer gamma_regularizer = {};
  Constraint beta_constraint = {};
  Constraint gamma_constraint = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const LayerNormalization&);

}  // namespace engram
