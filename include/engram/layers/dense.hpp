// SPDX-License-Identifier: Apache-2.0
/// A fully connected layer: y = activation(x * kernel + bias), on the last axis.
///
/// Example: model.add(Dense{.units = 5, .activation = "softmax"});
#pragma once

#include <cstdint>
#include <string>

#include "engram/activations.hpp"
#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// Shapes: x (N, ..., D); result (N, ..., units). Weights: kernel (D, units), bias (units).
struct Dense {
  std::int64_t units = 0;
  Activation activation = "linear";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint kernel_constraint = {};
  Constraint bias_constraint = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Dense&);

}  // namespace engram
