// SPDX-License-Identifier: Apache-2.0
/// Attention in several projections at once.
///
/// Example: KerasTensor y = Layer(MultiHeadAttention{.num_heads = 4, .key_dim = 8})({x, x});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// Each head: softmax(q k^T / sqrt(key_dim)) v with projections q, k, v of query, key and value;
/// the heads' results together are projected again, with use_gate each times the sigmoid of
/// another projection of the query. Values that a mask skips, or masked queries,
/// do not count, nor, with use_causal_mask, values after the query, nor, with sliding_window,
/// those so many steps from it or more. While training, a share `dropout` of the weights is 0.
/// Shapes: query (N, Q, D), value (N, V, E), key (N, V, F) or none: the value; result (N, Q, D), or
/// (N, Q, output_shape); with return_attention_scores a second output (N, num_heads, Q, V).
/// Weights: query/kernel (D, num_heads, key_dim), key/kernel (F, num_heads, key_dim), value/kernel
/// (E, num_heads, value_dim), with use_gate before it gate/kernel (D, num_heads, value_dim), and
/// attention_output/kernel (num_heads, value_dim, D), each with its
/// bias. In Keras use_causal_mask and return_attention_scores are arguments of the call, where
/// files keep them. Errors: OptionError, ShapeError. Source: Vaswani et al. 2017.
struct MultiHeadAttention {
  std::int64_t num_heads = 0;
  std::int64_t key_dim = 0;
  std::optional<std::int64_t> value_dim = {};  ///< none: key_dim
  float dropout = 0;
  bool use_bias = true;
  bool use_gate = false;
  Shape output_shape = {};    ///< one size; empty: the query's
  Shape attention_axes = {};  ///< empty, or 1, the time axis
  std::optional<std::int64_t> sliding_window = {};
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};  ///< of each projection
  Constraint kernel_constraint = {};
  Constraint bias_constraint = {};
  std::optional<std::int64_t> seed = {};
  bool use_causal_mask = false;
  bool return_attention_scores = false;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const MultiHeadAttention&);

}  // namespace engram
