// SPDX-License-Identifier: Apache-2.0
/// The exponential linear unit.
///
/// Example: model.add(ELU{.alpha = 1.0f});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// y = x above 0, alpha (exp(x) - 1) elsewhere. Shapes: the result has x's shape.
/// Source: Clevert et al. 2015.
struct ELU {
  float alpha = 1.0f;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const ELU&);

}  // namespace engram
