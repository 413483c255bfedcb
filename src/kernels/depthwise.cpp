// SPDX-License-Identifier: Apache-2.0
#include "kernels/depthwise.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/depthwise.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>

#include "kernels/dispatch.hpp"
#include "kernels/windows-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// Visit(tap, place of x, window): each tap of each window that is no padding.
template <class Visit>
HWY_INLINE void each_product(const Depthwise& d, const Visit& visit) {
  const Windows& w = d.windows;
  std::int64_t window = 0;
  each_window(w,
              d.rows,
              0,
              w.vertical.output,
              [&](std::int64_t v, std::int64_t row, std::int64_t h) HWY_ATTR {
                each_tap(w, d.rows, v, row, h, [&](std::int64_t tap, std::int64_t at) HWY_ATTR {
                  if (at >= 0) {
                    visit(tap, at, window);
                  }
                });
                ++window;
              });
}

/// y += a * b of n values.
HWY_INLINE void add_products(const float* a, const float* b, float* y, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    part.store(hn::MulAdd(part.load(a + i), part.load(b + i), part.load(y + i)), y + i);
  });
}

HWY_INLINE void add_scaled(float a, const float* b, float* y, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    part.store(hn::MulAdd(all(a), part.load(b + i), part.load(y + i)), y + i);
  });
}

HWY_INLINE float sum_of_products(const float* a, const float* b, std::int64_t n) {
  Vector sum = zero();
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    sum = hn::MulAdd(part.load(a + i), part.load(b + i), sum);
  });
  return hn::GetLane(hn::SumOfLanes(Floats(), sum));
}

void depthwise_impl(
    const Depthwise& d, const float* x, const float* kernel, const float* bias, float* y) {
  const std::int64_t C = d.windows.channels, m = d.multiplier, N = C * m;
  const std::int64_t windows = d.windows.vertical.output * d.rows * d.windows.horizontal.output;
  for (std::int64_t i = 0; i < windows; ++i) {
    if (bias != nullptr) {
      copy(bias, y + i * N, N);
    } else {
      std::fill_n(y + i * N, N, 0.0f);
    }
  }
  each_product(d, [&](std::int64_t tap, std::int64_t at, std::int64_t window) HWY_ATTR {
    const float* taps = kernel + tap * N;
    if (m == 1) {
      add_products(x + at, taps, y + window * N, N);
      return;
    }
    for (std::int64_t c = 0; c < C; ++c) {
      add_scaled(x[at + c], taps + c * m, y + window * N + c * m, m);
    }
  });
}

void depthwise_gradient_impl(const Depthwise& d,
                             const float* x,
                             const float* kernel,
                             const float* dy,
                             float* dkernel,
                             float* dx) {
  const std::int64_t C = d.windows.channels, m = d.multiplier, N = C * m;
  each_product(d, [&](std::int64_t tap, std::int64_t at, std::int64_t window) HWY_ATTR {
    const float* g = dy + window * N;
    if (dkernel != nullptr && m == 1) {
      add_products(x + at, g, dkernel + tap * N, N);
    }
    if (dx != nullptr && m == 1) {
      add_products(kernel + tap * N, g, dx + at, N);
    }
    for (std::int64_t c = 0; m > 1 && c < C; ++c) {
      if (dkernel != nullptr) {
        add_scaled(x[at + c], g + c * m, dkernel + tap * N + c * m, m);
      }
      if (dx != nullptr) {
        dx[at + c] += sum_of_products(kernel + tap * N + c * m, g + c * m, m);
      }
    }
  });
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace engram::kernels {

ENGRAM_EXPORT(depthwise_impl);
ENGRAM_EXPORT(depthwise_gradient_impl);

void depthwise(
    const Depthwise& d, const float* x, const float* kernel, const float* bias, float* y) noexcept {
  ENGRAM_DISPATCH(depthwise_impl)(d, x, kernel, bias, y);
}

void depthwise_gradient(const Depthwise& d,
                        const float* x,
                        const float* kernel,
                        const float* dy,
                        float* dkernel,
                        float* dx) noexcept {
  ENGRAM_DISPATCH(depthwise_gradient_impl)(d, x, kernel, dy, dkernel, dx);
}

}  // namespace engram::kernels

#endif
