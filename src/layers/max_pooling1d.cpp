// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/max_pooling1d.hpp"

#include "layers/pooling.hpp"

namespace engram {

const LayerSpec& max_pooling1d_spec() {
  static const LayerSpec spec =
      pooling_spec<MaxPooling1D, Pool::max>("MaxPooling1D", "max_pooling1d");
  return spec;
}

const LayerSpec& spec_of(const MaxPooling1D&) { return max_pooling1d_spec(); }

}  // namespace engram
