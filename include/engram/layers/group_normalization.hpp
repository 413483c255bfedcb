// SPDX-License-Identifier: Apache-2.0
/// Normalizes groups of features over all steps of a sample.
///
/// Example: model.add(GroupNormalization{.groups = 4});
#pragma once

#include <cstdint>
#include <string>

#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and variance of a sample over all
/// places and the features of a group of neighbours.
/// Shapes: the result has x's shape. Weights: gamma (D) with scale, beta (D) with center.
/// Errors: ShapeError for another axis than the last, OptionError when the groups do not divide the
/// features. Source: Wu & He 2018.
struct GroupNormalization {
  std::int64_t groups = 32;  ///< -1: each feature is one
  std::int64_t axis = -1;
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

const LayerSpec& spec_of(const GroupNormalization&);

}  // namespace engram
