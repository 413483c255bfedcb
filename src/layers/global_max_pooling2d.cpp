// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/global_max_pooling2d.hpp"

#include "layers/pooling.hpp"

namespace engram {

const LayerSpec& global_max_pooling2d_spec() {
  static const LayerSpec spec = global_pooling_spec<GlobalMaxPooling2D, Pool::max, 2>(
      "GlobalMaxPooling2D", "global_max_pooling2d");
  return spec;
}

const LayerSpec& spec_of(const GlobalMaxPooling2D&) { return global_max_pooling2d_spec(); }

}  // namespace engram
