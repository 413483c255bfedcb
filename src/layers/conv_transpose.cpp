// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/conv_transpose.hpp"

#include "layers/convolution.hpp"

namespace engram {

const LayerSpec& conv1d_transpose_spec() {
  static const LayerSpec spec =
      convolution_spec<Conv1DTranspose, visit_image_convolution<Conv1DTranspose>>(
          "Conv1DTranspose", "conv1d_transpose");
  return spec;
}

const LayerSpec& conv2d_transpose_spec() {
  static const LayerSpec spec =
      convolution_spec<Conv2DTranspose, visit_image_convolution<Conv2DTranspose>>(
          "Conv2DTranspose", "conv2d_transpose");
  return spec;
}

const LayerSpec& spec_of(const Conv1DTranspose&) { return conv1d_transpose_spec(); }

const LayerSpec& spec_of(const Conv2DTranspose&) { return conv2d_transpose_spec(); }

}  // namespace engram
