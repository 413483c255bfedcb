// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/conv1d.hpp"

#include "layers/convolution.hpp"

namespace engram {

namespace {

constexpr std::array<std::string_view, 3> kPaddings = {"valid", "same", "causal"};

void visit_options(Conv1D& o, OptionVisitor& v) { visit_convolution(o, v, kPaddings); }

}  // namespace

const LayerSpec& conv1d_spec() {
  static const LayerSpec spec = convolution_spec<Conv1D, visit_options>("Conv1D", "conv1d");
  return spec;
}

const LayerSpec& spec_of(const Conv1D&) { return conv1d_spec(); }

}  // namespace engram
