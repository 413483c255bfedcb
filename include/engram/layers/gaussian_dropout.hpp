// SPDX-License-Identifier: Apache-2.0
/// Multiplies by noise around 1 while training.
///
/// Example: model.add(GaussianDropout{.rate = 0.1f});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// y = x (1 + n sqrt(rate / (1 - rate))), n from the normal distribution.
/// Shapes: the result has x's shape. Units: rate is a share in [0, 1). Source: Srivastava et al.
/// 2014.
struct GaussianDropout {
  float rate = 0.0f;
  std::optional<std::int64_t> seed = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const GaussianDropout&);

}  // namespace engram
