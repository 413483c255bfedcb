// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/depthwise_conv.hpp"

#include "layers/convolution.hpp"

namespace engram {

const LayerSpec& depthwise_conv1d_spec() {
  static const LayerSpec spec =
      convolution_spec<DepthwiseConv1D, visit_image_convolution<DepthwiseConv1D>>(
          "DepthwiseConv1D", "depthwise_conv1d");
  return spec;
}

const LayerSpec& depthwise_conv2d_spec() {
  static const LayerSpec spec =
      convolution_spec<DepthwiseConv2D, visit_image_convolution<DepthwiseConv2D>>(
          "DepthwiseConv2D", "depthwise_conv2d");
  return spec;
}

const LayerSpec& spec_of(const DepthwiseConv1D&) { return depthwise_conv1d_spec(); }

const LayerSpec& spec_of(const DepthwiseConv2D&) { return depthwise_conv2d_spec(); }

}  // namespace engram
