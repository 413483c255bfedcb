// SPDX-License-Identifier: Apache-2.0
/// Turns whole numbers, such as codes of products, into their places in a vocabulary, or back.
///
/// Example: model.add(IntegerLookup{.vocabulary = {12, 36, 1138}});
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// As StringLookup, for numbers; with several num_oov_indices an unknown x has the index
/// x mod num_oov_indices among them, or that of a hash of its digits (oov_method "farmhash"). With
/// invert ids become numbers again. Shapes: x (N, ...); result of "int" the same; of "one_hot" (N,
/// ..., V), a last axis of 1 left out; of "multi_hot", "count" and "tf_idf" (N, V) of x (N, T).
/// Units:  numbers are held as float32, exact to 2^24; what is behind their point is cut off.
/// Errors: as StringLookup.
struct IntegerLookup {
  std::optional<std::int64_t> max_tokens = {};
  std::int64_t num_oov_indices = 1;
  std::optional<std::int64_t> mask_token = {};
  std::int64_t oov_token = -1;
  std::vector<std::int64_t> vocabulary = {};  ///< with or without the special tokens in front
  std::vector<float> idf_weights = {};        ///< one for each of vocabulary, for "tf_idf"
  bool invert = false;
  std::string output_mode = "int";
  bool pad_to_max_tokens = false;
  std::string oov_method = "floormod";
  std::vector<std::int64_t> salt = {};  ///< two numbers, or none; with "farmhash" only
  bool trainable = true;
  std::string name = "";

  /// Takes the vocabulary, and the weights of "tf_idf", out of x (N) or (N, T).
  void adapt(const Tensor& x);

  std::vector<std::int64_t> get_vocabulary(bool include_special_tokens = true) const;
  std::int64_t vocabulary_size() const;

  /// With "tf_idf": the factor of each id, special tokens and padding included; else none.
  std::vector<float> weights() const;
  void set_vocabulary(std::vector<std::int64_t> tokens, std::vector<float> idf = {});
};

const LayerSpec& spec_of(const IntegerLookup&);

}  // namespace engram
