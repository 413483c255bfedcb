// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/gru.hpp"

#include "layers/recurrent_layer.hpp"

namespace engram {

namespace {

void visit_options(GRU& o, OptionVisitor& v) {
  visit_first_options(o, v);
  v.option("activation", o.activation);
  v.option("recurrent_activation", o.recurrent_activation);
  visit_weight_options(o, v);
  visit_last_options(o, v);
  v.option("reset_after", o.reset_after);
  v.option("seed", o.seed);
  visit_layers(o, v);
}

RecurrentOptions common(const GRU& o) {
  RecurrentOptions common = recurrent_options(
      o, o.reset_after ? kernels::Cell::gru_reset_after : kernels::Cell::gru_reset_before);
  common.recurrent_activation = o.recurrent_activation;
  return common;
}

}  // namespace

const LayerSpec& gru_spec() {
  static const LayerSpec spec =
      recurrent_spec<GRU, common>(options_access<GRU, visit_options>(), "GRU", "gru");
  return spec;
}

const LayerSpec& spec_of(const GRU&) { return gru_spec(); }

}  // namespace engram
