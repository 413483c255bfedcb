// SPDX-License-Identifier: Apache-2.0
/// Dropout of whole features: one decision holds for all steps.
///
/// Example: model.add(SpatialDropout1D{.rate = 0.2f});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, T, D), and the result. Units: rate is a share in [0, 1).
/// Source: Tompson et al. 2014; numbers as Dropout's.
struct SpatialDropout1D {
  float rate = 0.0f;
  std::optional<std::int64_t> seed = {};
  std::string name = "";
};

const LayerSpec& spec_of(const SpatialDropout1D&);

}  // namespace engram
