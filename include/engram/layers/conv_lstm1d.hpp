// SPDX-License-Identifier: Apache-2.0
/// Long short-term memory on sequences of images of 1 axis: its products are convolutions.
///
/// Example: model.add(ConvLSTM1D{.filters = 8, .kernel_size = 3, .padding = "same"});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/activations.hpp"
#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// As LSTM, with convolutions in place of x * kernel (by strides, padding and dilation_rate) and of
/// h * recurrent_kernel (padding "same").
/// Shapes: x (N, T, length, D); result (N, length, filters), or (N, T, length, filters) with
/// return_sequences, lengths as those of a convolution; with return_state then h and c, as the
/// result of a step.
/// Weights: kernel (kernel_size, D, 4 filters), recurrent_kernel (kernel_size, filters, 4 filters),
/// bias (4 filters); gates in the order input, forget, cell, output.
/// Units:  dropout and recurrent_dropout are shares in [0, 1); each gate has factors of its own.
/// Errors: ShapeError for lengths that are not known, or when no whole window fits.
/// Source: Shi et al. 2015; layout as Keras 3.
struct ConvLSTM1D {
  std::int64_t filters = 0;
  std::int64_t kernel_size = 0;
  std::int64_t strides = 1;
  std::string padding = "valid";
  std::string data_format = "channels_last";
  std::int64_t dilation_rate = 1;
  Activation activation = "tanh";
  Activation recurrent_activation = "sigmoid";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  bool unit_forget_bias = true;
  Regularizer kernel_regularizer = {};
  Regularizer recurrent_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint kernel_constraint = {};
  Constraint recurrent_constraint = {};
  Constraint bias_constraint = {};
  float dropout = 0.0f;
  float recurrent_dropout = 0.0f;
  std::optional<std::int64_t> seed = {};
  bool return_sequences = false;
  bool return_state = false;
  bool go_backwards = false;
  bool stateful = false;  ///< states go on from batch to batch, row by row
  bool zero_output_for_mask = false;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const ConvLSTM1D&);

}  // namespace engram
