// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/max_pooling2d.hpp"

#include "layers/pooling.hpp"

namespace engram {

const LayerSpec& max_pooling2d_spec() {
  static const LayerSpec spec =
      pooling_spec<MaxPooling2D, Pool::max>("MaxPooling2D", "max_pooling2d");
  return spec;
}

const LayerSpec& spec_of(const MaxPooling2D&) { return max_pooling2d_spec(); }

}  // namespace engram
