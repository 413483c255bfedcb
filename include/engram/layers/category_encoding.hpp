// SPDX-License-Identifier: Apache-2.0
/// Turns class numbers into vectors of zeros and ones, or of counts.
///
/// Example: model.add(CategoryEncoding{.num_tokens = 5, .output_mode = "one_hot"});
#pragma once

#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// output_mode "multi_hot" puts a 1 at each of a row's numbers, "count" how often it is there,
/// "one_hot" makes a vector of each number.
/// Shapes: x (N, T) of numbers; result (N, num_tokens). With "one_hot": x (N, ..., T); result
/// (N, ..., T, num_tokens), T of 1 left out. A mask ends here, as in Keras.
/// Errors: DataError for a number outside [0, num_tokens); ShapeError for another rank.
struct CategoryEncoding {
  std::int64_t num_tokens = 0;
  std::string output_mode = "multi_hot";
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const CategoryEncoding&);

}  // namespace engram
