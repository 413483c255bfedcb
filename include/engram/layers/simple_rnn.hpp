// SPDX-License-Identifier: Apache-2.0
/// The fully connected recurrent layer: h = activation(x * kernel + bias + h * recurrent_kernel).
///
/// Example: model.add(SimpleRNN{.units = 3});
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

/// Shapes: x (N, T, D); result (N, units), or (N, T, units) with return_sequences.
/// Weights: kernel (D, units), recurrent_kernel (units, units), bias (units).
/// Units:  dropout and recurrent_dropout are shares in [0, 1].
/// Source: Elman 1990; as Keras 3.
struct SimpleRNN {
  std::int64_t units = 0;
  Activation activation = "tanh";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  float dropout = 0.0f;
  float recurrent_dropout = 0.0f;
  bool return_sequences = false;
  bool return_state = false;  ///< the last states are outputs too: KerasTensor::output(1), ...
  bool go_backwards = false;
  bool stateful = false;  ///< states go on from batch to batch, row by row
  bool zero_output_for_mask = false;
  std::optional<std::int64_t> seed = {};
  Regularizer kernel_regularizer = {};
  Regularizer recurrent_regularizer = {};
  Regularizer bias_regularizer = {};
  Constraint kernel_constraint = {};
  Constraint recurrent_constraint = {};
  Constraint bias_constraint = {};
  bool trainable = true;
  std::string name = "";
  // Not Keras's, which refuses files with them:
  std::int64_t num_layers = 1;  ///< so many layers one on the other, as PyTorch's
  float layer_dropout = 0.0f;   ///< between two of them, of each value of each step
};

const LayerSpec& spec_of(const SimpleRNN&);

}  // namespace engram
