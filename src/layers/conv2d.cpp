// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/conv2d.hpp"

#include "layers/convolution.hpp"

namespace engram {

namespace {

constexpr std::array<std::string_view, 2> kPaddings = {"valid", "same"};

void visit_options(Conv2D& o, OptionVisitor& v) { visit_convolution(o, v, kPaddings); }

}  // namespace

const LayerSpec& conv2d_spec() {
  static const LayerSpec spec = convolution_spec<Conv2D, visit_options>("Conv2D", "conv2d");
  return spec;
}

const LayerSpec& spec_of(const Conv2D&) { return conv2d_spec(); }

}  // namespace engram
