// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/simple_rnn.hpp"

#include "layers/recurrent_layer.hpp"

namespace engram {

namespace {

void visit_options(SimpleRNN& o, OptionVisitor& v) {
  visit_first_options(o, v);
  v.option("activation", o.activation);
  visit_weight_options(o, v);
  visit_last_options(o, v);
  visit_layers(o, v);
}

RecurrentOptions common(const SimpleRNN& o) {
  return recurrent_options(o, kernels::Cell::simple_rnn);
}

}  // namespace

const LayerSpec& simple_rnn_spec() {
  static const LayerSpec spec = recurrent_spec<SimpleRNN, common>(
      options_access<SimpleRNN, visit_options>(), "SimpleRNN", "simple_rnn");
  return spec;
}

const LayerSpec& spec_of(const SimpleRNN&) { return simple_rnn_spec(); }

}  // namespace engram
