// SPDX-License-Identifier: Apache-2.0
/// Sets a share of the inputs to zero while training, and scales the rest by 1 / (1 - rate).
///
/// Example: model.add(Dropout{.rate = 0.2f});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// Shapes: the result has x's shape.
/// Units:  rate is a share in [0, 1).
/// Source: Srivastava et al. 2014; numbers from Philox 4x32-10 keyed by seed, batch, layer, row.
struct Dropout {
  float rate = 0.0f;
  /// Of the numbers drawn, with the batch; -1: as the input, 1: the same along that axis. Empty: as
  /// the input.
  Shape noise_shape = {};
  std::optional<std::int64_t> seed = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Dropout&);

}  // namespace engram
