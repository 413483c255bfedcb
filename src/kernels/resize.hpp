// SPDX-License-Identifier: Apache-2.0
/// Images made larger by values between their own.
#pragma once

#include <cstdint>

namespace engram::kernels {

/// A sample (H, W, C) lies as (H, rows, W, C), its result as (H vertical, rows, W horizontal, C).
struct Upsampling {
  std::int64_t height = 1, width = 1, channels = 1;
  std::int64_t vertical = 1, horizontal = 1;  ///< times
};

/// Linear between the nearest centres of pixels along both axes; beyond the first and the last
/// centre their values.
void bilinear(const Upsampling& u, std::int64_t rows, const float* x, float* y) noexcept;

/// dx is added to.
void bilinear_gradient(const Upsampling& u, std::int64_t rows, const float* dy, float* dx) noexcept;

}  // namespace engram::kernels
