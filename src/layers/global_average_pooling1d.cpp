// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/global_average_pooling1d.hpp"

#include "layers/pooling.hpp"

namespace engram {

const LayerSpec& global_average_pooling1d_spec() {
  static const LayerSpec spec = global_pooling_spec<GlobalAveragePooling1D, Pool::average, 1>(
      "GlobalAveragePooling1D", "global_average_pooling1d");
  return spec;
}

const LayerSpec& spec_of(const GlobalAveragePooling1D&) { return global_average_pooling1d_spec(); }

}  // namespace engram
