// SPDX-License-Identifier: Apache-2.0
/// A depthwise convolution followed by one of single places: few weights for wide windows.
///
/// Example: model.add(SeparableConv1D{.filters = 32, .kernel_size = 3});
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

/// DepthwiseConv1D without a bias, then Conv1D with kernel_size 1.
/// Shapes: x (N, T, D); result (N, T', filters). A mask ends here, as in Keras.
/// Weights: depthwise_kernel (kernel_size, D, depth_multiplier), pointwise_kernel (1, D
/// depth_multiplier, filters), bias (filters).
/// Errors: ShapeError when no whole window fits.
struct SeparableConv1D {
  std::int64_t filters = 0;
  std::int64_t kernel_size = 0;
  std::int64_t strides = 1;
  std::string padding = "valid";
  std::string data_format = "channels_last";
  std::int64_t dilation_rate = 1;
  std::int64_t depth_multiplier = 1;
  Activation activation = "linear";
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer pointwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer = {};
  Regularizer pointwise_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint depthwise_constraint = {};
  Constraint pointwise_constraint = {};
  Constraint bias_constraint = {};
  bool trainable = true;
  std::string name = "";
};

/// As SeparableConv1D. Shapes: x (N, height, width, D); result (N, height', width', filters).
struct SeparableConv2D {
  std::int64_t filters = 0;
  std::array<std::int64_t, 2> kernel_size = {0, 0};
  std::array<std::int64_t, 2> strides = {1, 1};
  std::string padding = "valid";
  std::string data_format = "channels_last";
  std::array<std::int64_t, 2> dilation_rate = {1, 1};
  std::int64_t depth_multiplier = 1;
  Activation activation = "linear";
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer pointwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer = {};
  Regularizer pointwise_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint depthwise_constraint = {};
  Constraint pointwise_constraint = {};
  Constraint bias_constraint = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const SeparableConv1D&);

const LayerSpec& spec_of(const SeparableConv2D&);

}  // namespace engram
