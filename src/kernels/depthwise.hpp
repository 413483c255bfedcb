// SPDX-License-Identifier: Apache-2.0
/// Convolutions of each channel by itself.
///
/// Letters: C channels of x, m results of each, P windows of a sample.
#pragma once

#include <cstdint>

#include "kernels/windows.hpp"

namespace engram::kernels {

/// y (P rows, C m) = the sums over the taps of x and kernel (size_H, size_W, C, m), plus bias (C
/// m), or null; result c m + j is the j-th of channel c.
struct Depthwise {
  Windows windows;
  std::int64_t rows = 0, multiplier = 1;
};

void depthwise(
    const Depthwise& d, const float* x, const float* kernel, const float* bias, float* y) noexcept;

/// dkernel and dx are added to; each may be null.
void depthwise_gradient(const Depthwise& d,
                        const float* x,
                        const float* kernel,
                        const float* dy,
                        float* dkernel,
                        float* dx) noexcept;

}  // namespace engram::kernels
