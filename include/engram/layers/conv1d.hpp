// SPDX-License-Identifier: Apache-2.0
/// A convolution along time.
///
/// Example: model.add(Conv1D{.filters = 32, .kernel_size = 3, .padding = "causal"});
#pragma once

#include <cstdint>
#include <string>

#include "engram/activations.hpp"
#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// y[t] = activation(sum over k of x[t strides + k dilation_rate - before] kernel[k] + bias).
/// padding "valid" takes whole windows only, "same" gives ceil(T / strides) steps with zeros
/// around, "causal" puts the zeros in front, so that no step sees a later one. Shapes: x (N, T, D);
/// result (N, T', filters). A mask ends here, as in Keras. Weights: kernel (kernel_size, D /
/// groups, filters), bias (filters). Errors: OptionError when groups does not divide filters, or
/// strides and dilation_rate both exceed 1; ShapeError when groups does not divide D or no whole
/// window fits.
struct Conv1D {
  std::int64_t filters = 0;
  std::int64_t kernel_size = 0;
  std::int64_t strides = 1;
  std::string padding = "valid";
  std::string data_format = "channels_last";
  std::int64_t dilation_rate = 1;
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

const LayerSpec& spec_of(const Conv1D&);

}  // namespace engram
