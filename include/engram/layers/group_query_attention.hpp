// SPDX-License-Identifier: Apache-2.0
/// Attention in which several heads of the query share one head of key and value.
///
/// Example: KerasTensor y = Layer(GroupQueryAttention{.head_dim = 8, .num_query_heads = 4,
///                                                    .num_key_value_heads = 2})({x, x});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// MultiHeadAttention with num_query_heads heads, of which each num_query_heads /
/// num_key_value_heads neighbours have one key and value. activity_regularizer holds for the result
/// and, as in Keras, for each projection.
/// Shapes: query (N, Q, D), value (N, V, D), key (N, V, F) or none: the value; result (N, Q, D);
/// with return_attention_scores a second output (N, num_query_heads, Q, V).
/// Weights: as MultiHeadAttention's, those of key and value with num_key_value_heads.
/// Errors: OptionError, ShapeError. Source: Ainslie et al. 2023.
struct GroupQueryAttention {
  std::int64_t head_dim = 0;
  std::int64_t num_query_heads = 0;
  std::int64_t num_key_value_heads = 0;
  float dropout = 0;
  bool use_bias = true;
  std::optional<std::int64_t> sliding_window = {};
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint kernel_constraint = {};
  Constraint bias_constraint = {};
  bool use_gate = false;
  std::optional<std::int64_t> seed = {};
  bool use_causal_mask = false;
  bool return_attention_scores = false;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const GroupQueryAttention&);

}  // namespace engram
