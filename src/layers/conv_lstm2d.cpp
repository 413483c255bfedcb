// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/conv_lstm2d.hpp"

#include "layers/conv_lstm.hpp"

namespace engram {

const LayerSpec& conv_lstm2d_spec() {
  static const LayerSpec spec = conv_lstm_spec<ConvLSTM2D>("ConvLSTM2D", "conv_lstm2d");
  return spec;
}

const LayerSpec& spec_of(const ConvLSTM2D&) { return conv_lstm2d_spec(); }

}  // namespace engram
