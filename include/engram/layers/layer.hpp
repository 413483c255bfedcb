// SPDX-License-Identifier: Apache-2.0
/// Any layer, as a value. Made from a layer's options: Layer layer = Dense{.units = 1};
#pragma once

#include "engram/choice.hpp"

namespace engram {

struct LayerSpec;

/// A layer's options and kind; weights belong to the model that the layer is added to.
using Layer = Choice<LayerSpec>;

}  // namespace engram
