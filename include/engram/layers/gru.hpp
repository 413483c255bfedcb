// SPDX-License-Identifier: Apache-2.0
/// The gated recurrent unit, in both of its forms.
///
/// Example: model.add(GRU{.units = 80, .return_sequences = true});
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

/// h = z h + (1 - z) h', with gates z, r and h' = tanh(x W + b0 + r (h U + b1)) (reset_after), or
/// h' = tanh(x W + b + (r h) U).
/// Shapes: x (N, T, D); result (N, units), or (N, T, units) with return_sequences.
/// Weights: kernel (D, 3 units), recurrent_kernel (units, 3 units), bias (2, 3 units), without
/// reset_after (3 units); gates in the order update z, reset r, candidate h.
/// Units:  dropout and recurrent_dropout are shares in [0, 1].
/// Source: Cho et al. 2014; layout as Keras 3.
struct GRU {
  std::int64_t units = 0;
  Activation activation = "tanh";
  Activation recurrent_activation = "sigmoid";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  float dropout = 0.0f;
  float recurrent_dropout = 0.0f;
  std::optional<std::int64_t> seed = {};
  bool return_sequences = false;
  bool return_state = false;  ///< the last states are outputs too: KerasTensor::output(1), ...
  bool go_backwards = false;
  bool stateful = false;  ///< states go on from batch to batch, row by row
  bool reset_after = true;
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
};

const LayerSpec& spec_of(const GRU&);

}  // namespace engram
