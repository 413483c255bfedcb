// SPDX-License-Identifier: Apache-2.0
/// Turns words, one to a feature, into their places in a vocabulary, or back.
///
/// Example: StringLookup colours{.vocabulary = {"red", "green"}};
///          colours({"green", "blue"});  // 2 0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// Ids count the mask token, if there is one (0, with output_mode "int" only), then the unknown
/// words (oov), then the vocabulary: after adapt the most frequent word first, of equal ones the
/// last in the order of their bytes. Other output modes leave masked words out.
/// Shapes: texts (N), or with a sample {k} k words for each of N rows; result of "int" (N, k), of
/// "one_hot" (N, k, V) (k of 1 left out), of "multi_hot", "count" and "tf_idf" (N, V).
/// Errors: OptionError for a vocabulary with a word twice, or more than max_tokens of them, and
/// without one; DataError for an unknown word when num_oov_indices is 0. Unknown words are spread
/// over several indices by TensorFlow's hashes: FarmHash, or SipHash under `salt`.
struct StringLookup {
  std::optional<std::int64_t> max_tokens = {};
  std::int64_t num_oov_indices = 1;
  std::optional<std::string> mask_token = {};
  std::optional<std::string> oov_token = "[UNK]";
  std::vector<std::string> vocabulary = {};  ///< with or without the special tokens in front
  std::vector<float> idf_weights = {};       ///< one for each of vocabulary, for "tf_idf"
  bool invert = false;                       ///< for `words`; not as a layer of a model
  std::string output_mode = "int";
  bool pad_to_max_tokens = false;
  std::vector<std::int64_t> salt = {};  ///< two numbers, or none
  bool trainable = true;
  std::string name = "";

  /// Takes the vocabulary, and the weights of "tf_idf", out of texts, `words_a_row` to a row.
  void adapt(std::span<const std::string> texts, std::int64_t words_a_row = 1);

  Tensor operator()(std::span<const std::string> texts, const Shape& sample = {}) const;

  /// The words of ids: Keras's layer with invert = true.
  std::vector<std::string> words(const Tensor& ids) const;

  std::vector<std::string> get_vocabulary(bool include_special_tokens = true) const;
  std::int64_t vocabulary_size() const;

  /// With "tf_idf": the factor of each id, special tokens and padding included; else none.
  std::vector<float> weights() const;
  void set_vocabulary(std::vector<std::string> tokens, std::vector<float> idf = {});
};

const LayerSpec& spec_of(const StringLookup&);

}  // namespace engram
