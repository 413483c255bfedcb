// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/average_pooling2d.hpp"

#include "layers/pooling.hpp"

namespace engram {

const LayerSpec& average_pooling2d_spec() {
  static const LayerSpec spec =
      pooling_spec<AveragePooling2D, Pool::average>("AveragePooling2D", "average_pooling2d");
  return spec;
}

const LayerSpec& spec_of(const AveragePooling2D&) { return average_pooling2d_spec(); }

}  // namespace engram
