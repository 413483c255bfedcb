// SPDX-License-Identifier: Apache-2.0
/// What a cell sees of one row of one step. The order of the columns of z is in kernels/layout.hpp.
#pragma once

namespace engram::kernels {

struct ForwardRow {
  float* z;                          ///< pre-activations; if kept, becomes the gates
  const float *h_before, *c_before;  ///< states before the step
  float *h, *c;                      ///< after it; may be the same memory
  float* y;                          ///< takes h too; null: no output at this step
};

struct BackwardRow {
  float* z;                          ///< gates; becomes the gradients of the pre-activations
  const float *h_before, *c_before;  ///< states before the step
  const float *h, *c;                ///< and after it
  const float* dh;                   ///< gradient of h by the later steps
  const float* dy;                   ///< and by the output; null: none
  float* dc;                         ///< gradient of c after the step; becomes that before
  float* carry;                      ///< GRU: part of the gradient of h_before
};

}  // namespace engram::kernels
