// SPDX-License-Identifier: Apache-2.0
/// Brings each feature to mean 0 and variance 1 over the batch.
///
/// Example: model.add(BatchNormalization{});
#pragma once

#include <cstdint>
#include <string>

#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta. While training, mean and variance are
/// the minibatch's (of the steps that count, with a mask) and move moving_mean and moving_variance
/// by moving = momentum moving + (1 - momentum) batch; else they are the moving ones, as they are
/// when the layer is not trainable. Shapes: the result has x's shape. Weights: gamma (D) with
/// scale, beta (D) with center, moving_mean (D), moving_variance (D). A model with this layer
/// trains a minibatch on one thread. Errors: ShapeError for another axis than the last. Source:
/// Ioffe & Szegedy 2015.
struct BatchNormalization {
  std::int64_t axis = -1;
  float momentum = 0.99f;
  float epsilon = 1e-3f;
  bool center = true;
  bool scale = true;
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Initializer moving_mean_initializer = "zeros";
  Initializer moving_variance_initializer = "ones";
  Regularizer beta_regularizer = {};
  Regularizer gamma_regularizer = {};
  Constraint beta_constraint = {};
  Constraint gamma_constraint = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const BatchNormalization&);

}  // namespace engram
