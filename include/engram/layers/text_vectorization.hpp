// SPDX-License-Identifier: Apache-2.0
/// Turns texts into ids, or into vectors of counts: the first layer of a model of texts.
///
/// Example: TextVectorization words{.max_tokens = 1000, .output_sequence_length = 20};
///          words.adapt(texts);
///          Sequential model({words, Embedding{.input_dim = 1000, .output_dim = 16}, LSTM{.units =
///          8},
///                            Dense{.units = 1}});
///          model.fit(words(texts), y);  model.predict(texts);
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// Each text is standardized, split into tokens and joined to n-grams; each token becomes its place
/// in the vocabulary: 0 for padding, 1 for tokens that are not in it, then the most frequent first,
/// of equal ones the last in the order of their bytes. Other output modes have no padding: 0 is for
/// unknown tokens. As TensorFlow does, only ASCII letters become lower case, only ASCII punctuation
/// goes, and tokens end at ASCII white space.
/// Shapes: texts (N); result (N, output_sequence_length), or as long as the longest text; other
/// output modes (N, vocabulary_size()), or (N, max_tokens) with pad_to_max_tokens.
/// Errors: OptionError for a vocabulary with a token twice, or more than max_tokens of them,
/// and without one.
struct TextVectorization {
  std::optional<std::int64_t> max_tokens = {};  ///< of the vocabulary, special ones included
  std::optional<std::string> standardize = "lower_and_strip_punctuation";
  std::optional<std::string> split = "whitespace";  ///< or "character", or none
  std::vector<std::int64_t> ngrams = {};            ///< their lengths; Keras's n is {1, ..., n}
  std::string output_mode = "int";                  ///< or "multi_hot", "count", "tf_idf"
  std::optional<std::int64_t> output_sequence_length = {};
  bool pad_to_max_tokens = false;
  std::vector<std::string> vocabulary = {};  ///< with or without the special tokens in front
  std::vector<float> idf_weights = {};       ///< one for each of vocabulary, for "tf_idf"
  bool trainable = true;
  std::string name = "";

  /// Takes the vocabulary, and the weights of "tf_idf", out of these texts.
  void adapt(std::span<const std::string> texts);

  /// What the layer makes of texts.
  Tensor operator()(std::span<const std::string> texts) const;

  /// The token of each id.
  std::vector<std::string> get_vocabulary(bool include_special_tokens = true) const;
  std::int64_t vocabulary_size() const;

  /// With "tf_idf": the factor of each id, special tokens and padding included; else none.
  std::vector<float> weights() const;
  void set_vocabulary(std::vector<std::string> tokens, std::vector<float> idf = {});
};

const LayerSpec& spec_of(const TextVectorization&);

}  // namespace engram
