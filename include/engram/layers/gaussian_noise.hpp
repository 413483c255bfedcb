// SPDX-License-Identifier: Apache-2.0
/// Adds noise while training.
///
/// Example: model.add(GaussianNoise{.stddev = 0.1f});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// y = x + stddev n, n from the normal distribution. Shapes: the result has x's shape.
/// Units: stddev in [0, 1], as Keras wants it.
struct GaussianNoise {
  float stddev = 0.0f;
  std::optional<std::int64_t> seed = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const GaussianNoise&);

}  // namespace engram
