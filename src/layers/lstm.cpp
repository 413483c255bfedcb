// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/lstm.hpp"

#include "layers/recurrent_layer.hpp"

namespace engram {

namespace {

void visit_options(LSTM& o, OptionVisitor& v) {
  visit_first_options(o, v);
  v.option("activation", o.activation);
  v.option("recurrent_activation", o.recurrent_activation);
  visit_weight_options(o, v);
  v.option("unit_forget_bias", o.unit_forget_bias);
  visit_last_options(o, v);
  v.option("seed", o.seed);
  visit_layers(o, v);
  visit_projection(o, v);
}

RecurrentOptions common(const LSTM& o) {
  RecurrentOptions common = recurrent_options(o, kernels::Cell::lstm);
  common.recurrent_activation = o.recurrent_activation;
  common.unit_forget_bias = o.unit_forget_bias;
  common.proj_size = o.proj_size;
  common.projection_initializer = o.projection_initializer;
  return common;
}

}  // namespace

const LayerSpec& lstm_spec() {
  static const LayerSpec spec =
      recurrent_spec<LSTM, common>(options_access<LSTM, visit_options>(), "LSTM", "lstm");
  return spec;
}

const LayerSpec& spec_of(const LSTM&) { return lstm_spec(); }

}  // namespace engram
