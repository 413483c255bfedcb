// SPDX-License-Identifier: Apache-2.0
/// The cells of recurrent layers, each alone, to be run by RNN: what SimpleRNN, LSTM and GRU
/// compute at a step.
///
/// Example: model.add(RNN{.cell = LSTMCell{.units = 80}});
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engram/activations.hpp"
#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// The cell of SimpleRNN, with its weights.
struct SimpleRNNCell {
  std::int64_t units = 0;
  Activation activation = "tanh";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer recurrent_regularizer = {};
  Regularizer bias_regularizer = {};
  Constraint kernel_constraint = {};
  Constraint recurrent_constraint = {};
  Constraint bias_constraint = {};
  float dropout = 0.0f;
  float recurrent_dropout = 0.0f;
  std::optional<std::int64_t> seed = {};
  bool trainable = true;
  std::string name = "";
};

/// The cell of LSTM, with its weights.
struct LSTMCell {
  std::int64_t units = 0;
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
  Constraint kernel_constraint = {};
  Constraint recurrent_constraint = {};
  Constraint bias_constraint = {};
  float dropout = 0.0f;
  float recurrent_dropout = 0.0f;
  std::optional<std::int64_t> seed = {};
  bool trainable = true;
  std::string name = "";
  // Not Keras's; as in LSTM:
  std::int64_t proj_size = 0;
  Initializer projection_initializer = "glorot_uniform";
  Regularizer projection_regularizer = {};
  Constraint projection_constraint = {};
};

/// The cell of GRU, with its weights.
struct GRUCell {
  std::int64_t units = 0;
  Activation activation = "tanh";
  Activation recurrent_activation = "sigmoid";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer recurrent_regularizer = {};
  Regularizer bias_regularizer = {};
  Constraint kernel_constraint = {};
  Constraint recurrent_constraint = {};
  Constraint bias_constraint = {};
  float dropout = 0.0f;
  float recurrent_dropout = 0.0f;
  bool reset_after = true;
  std::optional<std::int64_t> seed = {};
  bool trainable = true;
  std::string name = "";
};

/// Cells one on the other: each takes the output of the one before at the same step.
/// Example: RNN{.cell = StackedRNNCells{.cells = {GRUCell{.units = 8}, LSTMCell{.units = 4}}}}
struct StackedRNNCells {
  std::vector<Layer> cells = {};  ///< 1 to 10
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const SimpleRNNCell&);
const LayerSpec& spec_of(const LSTMCell&);
const LayerSpec& spec_of(const GRUCell&);
const LayerSpec& spec_of(const StackedRNNCells&);

}  // namespace engram
