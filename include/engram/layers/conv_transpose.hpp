// SPDX-License-Identifier: Apache-2.0
/// A convolution turned round: each value is spread over a window of the result.
///
/// Example: model.add(Conv1DTranspose{.filters = 8, .kernel_size = 4, .strides = 2});
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "engram/activations.hpp"
#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// y[t strides + k dilation_rate - before] += x[t] kernel[k], then bias and activation: the
/// gradient of a Conv1D by its input. padding "same" gives T strides steps, "valid" all that a
/// window reaches; output_padding, below the strides, sets how many more than (T - 1) strides +
/// kernel_size there are
/// ("same": + kernel_size modulo 2).
/// Shapes: x (N, T, D); result (N, T', filters). A mask ends here, as in Keras.
/// Weights: kernel (kernel_size, filters, D), bias (filters).
/// Errors: OptionError when strides and dilation_rate both exceed 1, or output_padding is not below
/// the strides; ShapeError when output_padding leaves no place for a value.
struct Conv1DTranspose {
  std::int64_t filters = 0;
  std::int64_t kernel_size = 0;
  std::int64_t strides = 1;
  std::string padding = "valid";
  std::optional<std::int64_t> output_padding = {};
  std::string data_format = "channels_last";
  std::int64_t dilation_rate = 1;
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

/// As Conv1DTranspose. Shapes: x (N, height, width, D); result (N, height', width', filters).
struct Conv2DTranspose {
  std::int64_t filters = 0;
  std::array<std::int64_t, 2> kernel_size = {0, 0};
  std::array<std::int64_t, 2> strides = {1, 1};
  std::string padding = "valid";
  std::optional<std::array<std::int64_t, 2>> output_padding = {};
  std::string data_format = "channels_last";
  std::array<std::int64_t, 2> dilation_rate = {1, 1};
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

const LayerSpec& spec_of(const Conv1DTranspose&);

const LayerSpec& spec_of(const Conv2DTranspose&);

}  // namespace engram
