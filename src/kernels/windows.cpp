// SPDX-License-Identifier: Apache-2.0
#include "kernels/windows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/windows.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <utility>

#include "kernels/dispatch.hpp"
#include "kernels/windows-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

void gather_patches_impl(const Windows& w, const WindowRange& r, const float* x, float* patches) {
  const std::int64_t n = r.channels, width = w.vertical.size * w.horizontal.size * n;
  each_window(
      w, r.rows, r.begin, r.end, [&](std::int64_t v, std::int64_t row, std::int64_t h) HWY_ATTR {
        each_tap(w, r.rows, v, row, h, [&](std::int64_t tap, std::int64_t at) HWY_ATTR {
          if (at < 0) {
            std::fill_n(patches + tap * n, n, 0.0f);
          } else {
            copy(x + at + r.first_channel, patches + tap * n, n);
          }
        });
        patches += width;
      });
}

void scatter_patches_impl(const Windows& w, const WindowRange& r, const float* patches, float* dx) {
  const std::int64_t n = r.channels, width = w.vertical.size * w.horizontal.size * n;
  each_window(
      w, r.rows, r.begin, r.end, [&](std::int64_t v, std::int64_t row, std::int64_t h) HWY_ATTR {
        each_tap(w, r.rows, v, row, h, [&](std::int64_t tap, std::int64_t at) HWY_ATTR {
          if (at >= 0) {
            add(patches + tap * n, dx + at + r.first_channel, n);
          }
        });
        patches += width;
      });
}

void max_pool_impl(const Windows& w, std::int64_t rows, const float* x, float* y) {
  const std::int64_t C = w.channels;
  each_window(w,
              rows,
              0,
              w.vertical.output,
              [&](std::int64_t v, std::int64_t row, std::int64_t h) HWY_ATTR {
                bool is_first = true;
                each_tap(w, rows, v, row, h, [&](std::int64_t, std::int64_t at) HWY_ATTR {
                  if (at < 0) {
                    return;
                  }
                  if (std::exchange(is_first, false)) {
                    copy(x + at, y, C);
                    return;
                  }
                  for_each_vector(C, [&](std::int64_t c, auto part) HWY_ATTR {
                    const Vector a = part.load(x + at + c), b = part.load(y + c);
                    // NaN stays NaN, whichever side it is on.
                    const Vector larger = hn::IfThenElse(hn::Gt(a, b), a, b);
                    part.store(hn::IfThenElse(hn::IsNaN(a), a, larger), y + c);
                  });
                });
                y += C;
              });
}

void max_pool_gradient_impl(const Windows& w,
                            std::int64_t rows,
                            bool is_shared,
                            const float* x,
                            const float* y,
                            const float* dy,
                            float* dx) {
  const std::int64_t C = w.channels;
  each_window(w,
              rows,
              0,
              w.vertical.output,
              [&](std::int64_t v, std::int64_t row, std::int64_t h) HWY_ATTR {
                for_each_vector(C, [&](std::int64_t c, auto part) HWY_ATTR {
                  const Vector largest = part.load(y + c);
                  Vector left = part.load(dy + c);
                  if (is_shared) {
                    Vector count = zero();
                    each_tap(w, rows, v, row, h, [&](std::int64_t, std::int64_t at) HWY_ATTR {
                      if (at >= 0) {
                        const auto is_it = hn::Eq(part.load(x + at + c), largest);
                        count = hn::Add(count, hn::IfThenElseZero(is_it, all(1.0f)));
                      }
                    });
                    left = hn::Div(left, hn::Max(count, all(1.0f)));
                  }
                  each_tap(w, rows, v, row, h, [&](std::int64_t, std::int64_t at) HWY_ATTR {
                    if (at >= 0) {
                      const auto is_it = hn::Eq(part.load(x + at + c), largest);
                      const Vector g = hn::IfThenElseZero(is_it, left);
                      part.store(hn::Add(part.load(dx + at + c), g), dx + at + c);
                      left = is_shared ? left : hn::IfThenZeroElse(is_it, left);
                    }
                  });
                });
                y += C;
                dy += C;
              });
}

/// Taps of a window that are no padding.
HWY_INLINE float taps_inside(
    const Windows& w, std::int64_t rows, std::int64_t v, std::int64_t row, std::int64_t h) {
  std::int64_t count = 0;
  each_tap(w, rows, v, row, h, [&](std::int64_t, std::int64_t at) HWY_ATTR {
    count += at >= 0 ? 1 : 0;
  });
  return static_cast<float>(count);
}

void average_pool_impl(const Windows& w, std::int64_t rows, const float* x, float* y) {
  const std::int64_t C = w.channels;
  each_window(w,
              rows,
              0,
              w.vertical.output,
              [&](std::int64_t v, std::int64_t row, std::int64_t h) HWY_ATTR {
                std::fill_n(y, C, 0.0f);
                each_tap(w, rows, v, row, h, [&](std::int64_t, std::int64_t at) HWY_ATTR {
                  if (at >= 0) {
                    add(x + at, y, C);
                  }
                });
                const Vector share = all(1.0f / taps_inside(w, rows, v, row, h));
                for_each_vector(C, [&](std::int64_t c, auto part) HWY_ATTR {
                  part.store(hn::Mul(part.load(y + c), share), y + c);
                });
                y += C;
              });
}

void average_pool_gradient_impl(const Windows& w, std::int64_t rows, const float* dy, float* dx) {
  const std::int64_t C = w.channels;
  each_window(w,
              rows,
              0,
              w.vertical.output,
              [&](std::int64_t v, std::int64_t row, std::int64_t h) HWY_ATTR {
                const Vector share = all(1.0f / taps_inside(w, rows, v, row, h));
                each_tap(w, rows, v, row, h, [&](std::int64_t, std::int64_t at) HWY_ATTR {
                  if (at < 0) {
                    return;
                  }
                  for_each_vector(C, [&](std::int64_t c, auto part) HWY_ATTR {
                    part.store(hn::MulAdd(part.load(dy + c), share, part.load(dx + at + c)),
                               dx + at + c);
                  });
                });
                dy += C;
              });
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace engram::kernels {

ENGRAM_EXPORT(gather_patches_impl);
ENGRAM_EXPORT(scatter_patches_impl);
ENGRAM_EXPORT(max_pool_impl);
ENGRAM_EXPORT(max_pool_gradient_impl);
ENGRAM_EXPORT(average_pool_impl);
ENGRAM_EXPORT(average_pool_gradient_impl);

void gather_patches(const Windows& w,
                    const WindowRange& r,
                    const float* x,
                    float* patches) noexcept {
  ENGRAM_DISPATCH(gather_patches_impl)(w, r, x, patches);
}

void scatter_patches(const Windows& w,
                     const WindowRange& r,
                     const float* patches,
                     float* dx) noexcept {
  ENGRAM_DISPATCH(scatter_patches_impl)(w, r, patches, dx);
}

void max_pool(const Windows& w, std::int64_t rows, const float* x, float* y) noexcept {
  ENGRAM_DISPATCH(max_pool_impl)(w, rows, x, y);
}

void max_pool_gradient(const Windows& w,
                       std::int64_t rows,
                       bool is_shared,
                       const float* x,
                       const float* y,
                       const float* dy,
                       float* dx) noexcept {
  ENGRAM_DISPATCH(max_pool_gradient_impl)(w, rows, is_shared, x, y, dy, dx);
}

void average_pool(const Windows& w, std::int64_t rows, const float* x, float* y) noexcept {
  ENGRAM_DISPATCH(average_pool_impl)(w, rows, x, y);
}

void average_pool_gradient(const Windows& w,
                           std::int64_t rows,
                           const float* dy,
                           float* dx) noexcept {
  ENGRAM_DISPATCH(average_pool_gradient_impl)(w, rows, dy, dx);
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
