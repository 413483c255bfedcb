// SPDX-License-Identifier: Apache-2.0
/// Attention: for each query a mean of values, weighed by how well their keys fit.
///
/// Example: KerasTensor mixed = Layer(Attention{})({queries, values});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// result = softmax(scores) values, with scores = query · key ("dot"), or the sum over the features
/// of tanh(query + key) ("concat"); with use_scale times a weight, which for "concat" stands inside
/// the tanh. Values that a mask skips get no weight, nor, with use_causal_mask, those after the
/// query; masked queries give 0. While training, a share `dropout` of the weights is 0.
/// Shapes: query (N, Q, D), value (N, V, E), key (N, V, D) or none: the value; result (N, Q, E),
/// and with return_attention_scores a second output, the weights (N, Q, V).
/// Weights: scale () with use_scale, concat_score_weight () with "concat".
/// In Keras use_causal_mask and return_attention_scores are arguments of the call, where files keep
/// them. Errors: OptionError, ShapeError.
/// Source: Luong et al. 2015.
struct Attention {
  bool use_scale = false;
  std::string score_mode = "dot";
  float dropout = 0;
  std::optional<std::int64_t> seed = {};
  bool use_causal_mask = false;
  bool return_attention_scores = false;
  bool trainable = true;
  std::string name = "";
};

/// The same with scores = the sum over the features of scale tanh(query + key).
/// Weights: scale (D) with use_scale. Source: Bahdanau et al. 2014.
struct AdditiveAttention {
  bool use_scale = true;
  float dropout = 0;
  std::optional<std::int64_t> seed = {};
  bool use_causal_mask = false;
  bool return_attention_scores = false;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Attention&);
const LayerSpec& spec_of(const AdditiveAttention&);

}  // namespace engram
