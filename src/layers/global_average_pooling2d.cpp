// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/global_average_pooling2d.hpp"

#include "layers/pooling.hpp"

namespace engram {

const LayerSpec& global_average_pooling2d_spec() {
  static const LayerSpec spec = global_pooling_spec<GlobalAveragePooling2D, Pool::average, 2>(
      "GlobalAveragePooling2D", "global_average_pooling2d");
  return spec;
}

const LayerSpec& spec_of(const GlobalAveragePooling2D&) { return global_average_pooling2d_spec(); }

}  // namespace engram
