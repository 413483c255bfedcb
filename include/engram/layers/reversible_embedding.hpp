// SPDX-License-Identifier: Apache-2.0
/// A table of vectors that also leads back, from vectors to numbers for each id.
///
/// Example: a language model whose last layer has the embedding's weights:
///   Layer words = ReversibleEmbedding{.input_dim = 5000, .output_dim = 64};
///   KerasTensor ids = Input{.shape = {-1}};
///   KerasTensor hidden = Layer(LSTM{.units = 64, .return_sequences = true})(words(ids));
///   Functional model({ids}, {words(hidden, {.reverse = true})});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// Forth as Embedding: x (N, ...) of ids, result (N, ..., output_dim). In reverse: x (N, ...,
/// output_dim), result (N, ..., input_dim): x times the transposed table, without bias; with
/// logit_soft_cap c then c tanh(result / c). No mask goes on from a call in reverse.
/// Weights: embeddings (input_dim, output_dim); unless tie_weights reverse_embeddings (output_dim,
/// input_dim). Errors: those of Embedding. Source: Press and Wolf 2016.
struct ReversibleEmbedding {
  std::int64_t input_dim = 0;
  std::int64_t output_dim = 0;
  bool tie_weights = true;  ///< the table leads back, too
  Initializer embeddings_initializer = "uniform";
  bool mask_zero = false;
  std::optional<float> logit_soft_cap = {};  ///< none: numbers of any size
  Regularizer embeddings_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint embeddings_constraint = {};
  bool reverse = false;  ///< an argument of calls in Keras: see CallOptions
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const ReversibleEmbedding&);

}  // namespace engram
