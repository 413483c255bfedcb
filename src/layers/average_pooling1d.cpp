// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/average_pooling1d.hpp"

#include "layers/pooling.hpp"

namespace engram {

const LayerSpec& average_pooling1d_spec() {
  static const LayerSpec spec =
      pooling_spec<AveragePooling1D, Pool::average>("AveragePooling1D", "average_pooling1d");
  return spec;
}

const LayerSpec& spec_of(const AveragePooling1D&) { return average_pooling1d_spec(); }

}  // namespace engram
