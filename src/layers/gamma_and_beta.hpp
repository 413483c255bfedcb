// SPDX-License-Identifier: Apache-2.0
/// The weights that normalizing layers scale and move their results by.
#pragma once

#include <vector>

#include "layers/layer_spec.hpp"

namespace engram {

template <class Options>
std::vector<WeightSpec> gamma_and_beta(const Options& o, const Shape& shape) {
  std::vector<WeightSpec> specs;
  if (o.scale) {
    specs.push_back({.name = "gamma", .shape = shape, .initializer = o.gamma_initializer});
  }
  if (o.center) {
    specs.push_back({.name = "beta", .shape = shape, .initializer = o.beta_initializer});
  }
  return specs;
}

}  // namespace engram
