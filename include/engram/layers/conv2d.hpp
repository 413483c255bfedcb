// SPDX-License-Identifier: Apache-2.0
/// A convolution over two axes.
///
/// Example: model.add(Conv2D{.filters = 8, .kernel_size = {3, 3}});
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engram/activations.hpp"
#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// Shapes: x (N, height, width, D); result (N, height', width', filters). A mask ends here, as in
/// Keras. Weights: kernel (kernel_size, D / groups, filters), bias (filters).
/// padding "valid" takes whole windows only, "same" gives ceil(length / strides) with zeros around.
/// Errors: as Conv1D's.
struct Conv2D {
  std::int64_t filters = 0;
  std::array<std::int64_t, 2> kernel_size = {0, 0};
  std::array<std::int64_t, 2> strides = {1, 1};
  std::string padding = "valid";
  std::string data_format = "channels_last";
  std::array<std::int64_t, 2> dilation_rate = {1, 1};
  std::int64_t groups = 1;
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

const LayerSpec& spec_of(const Conv2D&);

}  // namespace engram
