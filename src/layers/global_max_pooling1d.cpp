// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/global_max_pooling1d.hpp"

#include "layers/pooling.hpp"

namespace engram {

const LayerSpec& global_max_pooling1d_spec() {
  static const LayerSpec spec = global_pooling_spec<GlobalMaxPooling1D, Pool::max, 1>(
      "GlobalMaxPooling1D", "global_max_pooling1d");
  return spec;
}

const LayerSpec& spec_of(const GlobalMaxPooling1D&) { return global_max_pooling1d_spec(); }

}  // namespace engram
