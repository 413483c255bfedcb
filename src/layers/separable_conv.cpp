// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/separable_conv.hpp"

#include "layers/convolution.hpp"

namespace engram {

const LayerSpec& separable_conv1d_spec() {
  static const LayerSpec spec =
      convolution_spec<SeparableConv1D, visit_image_convolution<SeparableConv1D>>(
          "SeparableConv1D", "separable_conv1d");
  return spec;
}

const LayerSpec& separable_conv2d_spec() {
  static const LayerSpec spec =
      convolution_spec<SeparableConv2D, visit_image_convolution<SeparableConv2D>>(
          "SeparableConv2D", "separable_conv2d");
  return spec;
}

const LayerSpec& spec_of(const SeparableConv1D&) { return separable_conv1d_spec(); }

const LayerSpec& spec_of(const SeparableConv2D&) { return separable_conv2d_spec(); }

}  // namespace engram
