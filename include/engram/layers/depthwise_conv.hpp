// SPDX-License-Identifier: Apache-2.0
/// Convolutions of each feature by itself, along one axis or two.
///
/// Example: model.add(DepthwiseConv1D{.kernel_size = 3});
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

/// As Conv1D, but that feature c of x alone makes depth_multiplier features of the result, those
/// from c depth_multiplier on. padding is "valid" or "same". Shapes: x (N, T, D); result (N, T', D
/// depth_multiplier). A mask ends here, as in Keras. Weights: kernel (kernel_size, D,
/// depth_multiplier), bias (D depth_multiplier). Errors: ShapeError when no whole window fits.
struct DepthwiseConv1D {
  std::int64_t kernel_size = 0;
  std::int64_t strides = 1;
  std::string padding = "valid";
  std::int64_t depth_multiplier = 1;
  std::string data_format = "channels_last";
  std::int64_t dilation_rate = 1;
  Activation activation = "linear";
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint depthwise_constraint = {};
  Constraint bias_constraint = {};
  bool trainable = true;
  std::string name = "";
};

/// As DepthwiseConv1D. Shapes: x (N, height, width, D); result (N, height', width', D
/// depth_multiplier).
struct DepthwiseConv2D {
  std::array<std::int64_t, 2> kernel_size = {0, 0};
  std::array<std::int64_t, 2> strides = {1, 1};
  std::string padding = "valid";
  std::int64_t depth_multiplier = 1;
  std::string data_format = "channels_last";
  std::array<std::int64_t, 2> dilation_rate = {1, 1};
  Activation activation = "linear";
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint depthwise_constraint = {};
  Constraint bias_constraint = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const DepthwiseConv1D&);

const LayerSpec& spec_of(const DepthwiseConv2D&);

}  // namespace engram
