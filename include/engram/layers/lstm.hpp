// SPDX-License-Identifier: Apache-2.0
/// Long short-term memory.
///
/// Example: model.add(LSTM{.units = 80, .return_sequences = true});
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

/// With z = x * kernel + h * recurrent_kernel + bias, cut into i, f, c, o:
/// c = sigmoid(f) c + sigmoid(i) tanh(c'),  h = sigmoid(o) tanh(c).
/// Shapes: x (N, T, D); result (N, units), or (N, T, units) with return_sequences.
/// Weights: kernel (D, 4 units), recurrent_kernel (units, 4 units), bias (4 units); gates in the
/// order input, forget, cell, output.
/// With proj_size, h = (sigmoid(o) tanh(c)) * projection_kernel: results and the state h have
/// proj_size values, recurrent_kernel is (proj_size, 4 units), and a fourth weight follows,
/// projection_kernel (units, proj_size); Sak et al. 2014.
/// Units:  dropout and recurrent_dropout are shares in [0, 1].
/// Source: Hochreiter & Schmidhuber 1997; forget gate, Gers et al. 2000; layout as Keras 3.
struct LSTM {
  std::int64_t units = 0;
  Activation activation = "tanh";
  Activation recurrent_activation = "sigmoid";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  bool unit_forget_bias = true;
  float dropout = 0.0f;
  float recurrent_dropout = 0.0f;
  std::optional<std::int64_t> seed = {};
  bool return_sequences = false;
  bool return_state = false;  ///< the last states are outputs too: KerasTensor::output(1), ...
  bool go_backwards = false;
  bool stateful = false;  ///< states go on from batch to batch, row by row
  bool zero_output_for_mask = false;
  Regularizer kernel_regularizer = {};
  Regularizer recurrent_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint kernel_constraint = {};
  Constraint recurrent_constraint = {};
  Constraint bias_constraint = {};
  bool trainable = true;
  std::string name = "";
  // Not Keras's, which refuses files with them:
  std::int64_t num_layers = 1;  ///< so many layers one on the other, as PyTorch's
  float layer_dropout = 0.0f;   ///< between two of them, of each value of each step
  std::int64_t proj_size = 0;   ///< above 0: h is projected to so many values; below units
  Initializer projection_initializer = "glorot_uniform";
  Regularizer projection_regularizer = {};
  Constraint projection_constraint = {};
};

const LayerSpec& spec_of(const LSTM&);

}  // namespace engram
