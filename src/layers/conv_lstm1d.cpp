// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/conv_lstm1d.hpp"

#include "layers/conv_lstm.hpp"

namespace engram {

const LayerSpec& conv_lstm1d_spec() {
  static const LayerSpec spec = conv_lstm_spec<ConvLSTM1D>("ConvLSTM1D", "conv_lstm1d");
  return spec;
}

const LayerSpec& spec_of(const ConvLSTM1D&) { return conv_lstm1d_spec(); }

}  // namespace engram
