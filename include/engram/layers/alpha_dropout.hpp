// SPDX-License-Identifier: Apache-2.0
/// Dropout that keeps mean and variance of values behind a selu.
///
/// Example: model.add(AlphaDropout{.rate = 0.1f});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// y = a x + b, or with probability rate a c + b, where c = -1.7581 is selu's limit and a, b keep
/// mean and variance. Shapes: the result has x's shape. Units: rate is a share in [0, 1). Source:
/// Klambauer et al. 2017.
struct AlphaDropout {
  float rate = 0.0f;
  /// Of the numbers drawn, with the batch; -1: as the input, 1: the same along that axis. Empty: as
  /// the input.
  Shape noise_shape = {};
  std::optional<std::int64_t> seed = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const AlphaDropout&);

}  // namespace engram
