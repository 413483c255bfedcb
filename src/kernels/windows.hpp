// SPDX-License-Identifier: Apache-2.0
/// Windows over two axes: patches for convolutions, and pooling.
///
/// A sample (H, W, C) lies as (H, rows, W, C); a sequence (T, C) is one with W = 1. Results lie the
/// same way: (H', rows, W', ...).
#pragma once

#include <cstdint>

namespace engram::kernels {

/// How windows lie along an axis: window o covers the places o stride - before + i dilation,
/// i in [0, size); those outside [0, input) are padding. An adaptive axis is cut into `output`
/// windows of about one length, from floor(o input / output) to ceil((o + 1) input / output); size
/// is that of the longest.
struct WindowAxis {
  std::int64_t input = 1, size = 1, stride = 1, dilation = 1, before = 0, output = 1;
  bool is_adaptive = false;
};

struct Windows {
  WindowAxis vertical, horizontal;  ///< of H and W
  std::int64_t channels = 0;        ///< C
};

/// A part of what Windows describe: windows [begin, end) along H of all rows, and the channels
/// [first_channel, first_channel + channels).
struct WindowRange {
  std::int64_t rows = 0, begin = 0, end = 0, first_channel = 0, channels = 0;
};

/// patches ((end - begin) rows W', size_H size_W channels) = the values under each window; 0 for
/// padding.
void gather_patches(const Windows& w,
                    const WindowRange& r,
                    const float* x,
                    float* patches) noexcept;

/// The reverse: dx += the patches' values at their places.
void scatter_patches(const Windows& w,
                     const WindowRange& r,
                     const float* patches,
                     float* dx) noexcept;

/// y = the largest value under each window. Padding does not count.
void max_pool(const Windows& w, std::int64_t rows, const float* x, float* y) noexcept;

/// dx += dy at the largest value: at the first of several, or, with `is_shared`, an equal part at
/// each of them.
void max_pool_gradient(const Windows& w,
                       std::int64_t rows,
                       bool is_shared,
                       const float* x,
                       const float* y,
                       const float* dy,
                       float* dx) noexcept;

/// y = the mean of the values under each window. Padding does not count.
void average_pool(const Windows& w, std::int64_t rows, const float* x, float* y) noexcept;

/// dx += each window's share of dy.
void average_pool_gradient(const Windows& w,
                           std::int64_t rows,
                           const float* dy,
                           float* dx) noexcept;

}  // namespace engram::kernels
