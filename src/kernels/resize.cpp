// SPDX-License-Identifier: Apache-2.0
#include "kernels/resize.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/resize.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cmath>

#include "kernels/dispatch.hpp"
#include "kernels/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// The two places whose values make that of place `o`, and the share of the second.
struct Between {
  std::int64_t first, second;
  float share;
};

HWY_INLINE Between between(std::int64_t o, std::int64_t length, std::int64_t times) {
  const float scale = 1.0f / static_cast<float>(times);
  const float at = (static_cast<float>(o) + 0.5f) * scale - 0.5f, below = std::floor(at);
  const auto first = static_cast<std::int64_t>(below);
  return {std::max<std::int64_t>(first, 0),
          std::min<std::int64_t>(static_cast<std::int64_t>(std::ceil(at)), length - 1),
          at - below};
}

/// Visit(places of the four corners, shares along W and H, place of the result).
template <class Visit>
HWY_INLINE void each_pixel(const Upsampling& u, std::int64_t rows, const Visit& visit) {
  std::int64_t to = 0;
  for (std::int64_t v = 0; v < u.height * u.vertical; ++v) {
    const Between y = between(v, u.height, u.vertical);
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t top = (y.first * rows + row) * u.width;
      const std::int64_t bottom = (y.second * rows + row) * u.width;
      for (std::int64_t h = 0; h < u.width * u.horizontal; ++h, to += u.channels) {
        const Between x = between(h, u.width, u.horizontal);
        const std::int64_t corners[4] = {(top + x.first) * u.channels,
                                         (top + x.second) * u.channels,
                                         (bottom + x.first) * u.channels,
                                         (bottom + x.second) * u.channels};
        visit(corners, x.share, y.share, to);
      }
    }
  }
}

void bilinear_impl(const Upsampling& u, std::int64_t rows, const float* x, float* y) {
  each_pixel(
      u, rows, [&](const std::int64_t* corners, float right, float down, std::int64_t to) HWY_ATTR {
        for_each_vector(u.channels, [&](std::int64_t c, auto part) HWY_ATTR {
          const auto mix = [](Vector a, Vector b, float share)
                               HWY_ATTR { return hn::MulAdd(hn::Sub(b, a), all(share), a); };
          const auto at = [&](int i) HWY_ATTR { return part.load(x + corners[i] + c); };
          const Vector top = mix(at(0), at(1), right), bottom = mix(at(2), at(3), right);
          part.store(mix(top, bottom, down), y + to + c);
        });
      });
}

void bilinear_gradient_impl(const Upsampling& u, std::int64_t rows, const float* dy, float* dx) {
  each_pixel(
      u, rows, [&](const std::int64_t* corners, float right, float down, std::int64_t to) HWY_ATTR {
        const float shares[4] = {
            (1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down};
        for (int i = 0; i < 4; ++i) {
          float* d = dx + corners[i];
          for_each_vector(u.channels, [&](std::int64_t c, auto part) HWY_ATTR {
            part.store(hn::MulAdd(part.load(dy + to + c), all(shares[i]), part.load(d + c)), d + c);
          });
        }
      });
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace engram::kernels {

ENGRAM_EXPORT(bilinear_impl);
ENGRAM_EXPORT(bilinear_gradient_impl);

void bilinear(const Upsampling& u, std::int64_t rows, const float* x, float* y) noexcept {
  ENGRAM_DISPATCH(bilinear_impl)(u, rows, x, y);
}

void bilinear_gradient(const Upsampling& u,
                       std::int64_t rows,
                       const float* dy,
                       float* dx) noexcept {
  ENGRAM_DISPATCH(bilinear_gradient_impl)(u, rows, dy, dx);
}

}  // namespace engram::kernels

#endif
