// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/conv2d.hpp"

#include "layers/convolution.hpp"

namespace engram {

const LayerSpec& conv2d_spec() {
  static const LayerSpec spec =
      convolution_spec<Conv2D, visit_image_convolution<Conv2D>>("Conv2D", "conv2d");
  return spec;
}

const LayerSpec& spec_of(const Conv2D&) { return conv2d_spec(); }

}  // namespace engram
