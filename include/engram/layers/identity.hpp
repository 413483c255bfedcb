// SPDX-License-Identifier: Apache-2.0
/// A layer that does nothing.
///
/// Example: model.add(IdentityLayer{.name = "features"});
#pragma once

#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Keras's Identity: y = x. Shapes: the result has x's shape.
struct IdentityLayer {
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const IdentityLayer&);

}  // namespace engram
