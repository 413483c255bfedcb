// SPDX-License-Identifier: Apache-2.0
/// A table of vectors, one for each of `input_dim` ids.
///
/// Example: model.add(Embedding{.input_dim = 26, .output_dim = 2});
#pragma once

#include <cstdint>
#include <string>

#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"

namespace engram {

/// Shapes: x (N, ...) of ids; result (N, ..., output_dim). Weights: embeddings (input_dim,
/// output_dim). With mask_zero, id 0 marks a step that later layers skip. Errors: DataError for an
/// id outside [0, input_dim); ShapeError for mask_zero with ids of more axes than
/// (N, T), unless the layer behind drops masks, as Reshape does.
struct Embedding {
  std::int64_t input_dim = 0;
  std::int64_t output_dim = 0;
  Initializer embeddings_initializer = "uniform";
  bool mask_zero = false;
  Regularizer embeddings_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint embeddings_constraint = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Embedding&);

}  // namespace engram
