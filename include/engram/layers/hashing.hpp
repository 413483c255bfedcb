// SPDX-License-Identifier: Apache-2.0
/// Spreads texts or whole numbers over bins by their hash, without a vocabulary.
///
/// Example: KerasTensor city = Input{.shape = {1}, .dtype = "string"};
///          KerasTensor bin = Layer(Hashing{.num_bins = 64})(city);
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// An Input with dtype "string" before the layer says that it takes texts; then it comes first, as
/// Model::vectorize and predict hash the texts. All other inputs are numbers, hashed by their
/// digits. The hash is FarmHash's Fingerprint64, or SipHash-2-4 under the key `salt`, modulo the
/// bins. What equals mask_value, a text for texts and a number for numbers, has bin 0 of its own.
/// Shapes: x (N, ...); result of "int" the same; of "one_hot" (N, ..., num_bins), a last axis of 1
/// left out; of "multi_hot" and "count" (N, num_bins) of x (N, T).
/// Units:  numbers are held as float32, exact to 2^24; what is behind their point is cut off.
/// Errors: OptionError for a mask_value or salt that does not fit, ShapeError for another rank.
struct Hashing {
  std::int64_t num_bins = 0;
  std::vector<std::int64_t> salt = {};  ///< two numbers, or none
  std::variant<std::monostate, std::int64_t, std::string> mask_value = {};
  std::string output_mode = "int";  ///< that, "one_hot", "multi_hot", "count"
  bool trainable = true;
  std::string name = "";

  /// The result (N, ...) of samples of texts of the shape `sample`.
  Tensor operator()(std::span<const std::string> texts, const Shape& sample = {1}) const;
};

const LayerSpec& spec_of(const Hashing&);

}  // namespace engram
