// SPDX-License-Identifier: Apache-2.0
/// Marks the steps whose features all equal mask_value, so that later layers skip them.
///
/// Example: model.add(Masking{.mask_value = 0.0f});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Shapes: x (N, T, D); the result is x with the marked steps set to zero.
struct Masking {
  float mask_value = 0.0f;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Masking&);

}  // namespace engram
