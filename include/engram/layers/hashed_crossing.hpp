// SPDX-License-Identifier: Apache-2.0
/// Spreads pairs of texts or whole numbers over bins by one hash of both.
///
/// Example: KerasTensor city = Input{.shape = {1}, .dtype = "string"};
///          KerasTensor hour = Input{.shape = {1}, .dtype = "int64"};
///          KerasTensor bin = Layer(HashedCrossing{.num_bins = 512})({city, hour});
#pragma once

#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Each input is an Input with dtype "string", "int32" or "int64", or what a layer gives.
/// Shapes: two inputs (N, 1), or two (N); result of "int" the same, of "one_hot" (N, num_bins).
/// Model::vectorize makes (N, 4) of texts: their FarmHash Fingerprint64 in pieces of 16 bits, the
/// lowest first.
/// Units:  numbers are held as float32, exact to 2^24; what is behind their point is cut off.
/// Source: TensorFlow's sparse_cross_hashed, FingerprintCat64 with its default hash_key.
/// Errors: ShapeError for other inputs.
struct HashedCrossing {
  std::int64_t num_bins = 0;
  std::string output_mode = "int";  ///< that, or "one_hot"
  std::string name = "";
};

const LayerSpec& spec_of(const HashedCrossing&);

}  // namespace engram
