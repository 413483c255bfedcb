// SPDX-License-Identifier: Apache-2.0
#include "kernels/rectifiers.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rectifiers.cpp"
#include <hwy/foreach_target.h>

#include <hwy/contrib/math/math-inl.h>

#include "kernels/dispatch.hpp"
#include "kernels/functions-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

void rectify_impl(const Rectifier& r, const float* x, float* y, std::int64_t n) {
  const Vector threshold = all(r.threshold), slope = all(r.negative_slope);
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector v = part.load(x + i);
    // Without a slope no product: 0 times -inf is NaN.
    const Vector low = r.negative_slope == 0 ? zero() : hn::Mul(slope, hn::Sub(v, threshold));
    const Vector f = hn::IfThenElse(hn::Gt(v, threshold), at_most(r.max_value, v), low);
    part.store(hn::IfThenElse(hn::IsNaN(v), v, f), y + i);
  });
}

void rectify_gradient_impl(
    const Rectifier& r, const float* x, const float* dy, float* dx, std::int64_t n) {
  const Vector threshold = all(r.threshold), slope = all(r.negative_slope);
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector v = part.load(x + i), g = part.load(dy + i);
    const Vector high = hn::IfThenElseZero(hn::Le(v, all(r.max_value)), g);
    part.store(hn::IfThenElse(hn::Gt(v, threshold), high, hn::Mul(slope, g)), dx + i);
  });
}

void prelu_impl(const float* x, const float* alpha, float* y, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector v = part.load(x + i);
    const Vector low = hn::Mul(part.load(alpha + i), v);
    part.store(hn::IfThenElse(hn::Gt(v, zero()), v, low), y + i);
  });
}

void prelu_gradient_impl(
    const float* x, const float* alpha, const float* dy, float* dx, float* dalpha, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector v = part.load(x + i), g = part.load(dy + i);
    if (dx != nullptr) {
      const Vector low = hn::Mul(part.load(alpha + i), g);
      part.store(hn::IfThenElse(hn::Gt(v, zero()), g, low), dx + i);
    }
    if (dalpha != nullptr) {
      part.store(hn::MulAdd(g, at_most(0.0f, v), part.load(dalpha + i)), dalpha + i);
    }
  });
}

void elu_impl(float alpha, const float* x, float* y, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector v = part.load(x + i);
    const Vector low = hn::Mul(all(alpha), hn::Expm1(Floats(), hn::Min(v, zero())));
    part.store(hn::IfThenElse(hn::Lt(v, zero()), low, v), y + i);
  });
}

void elu_gradient_impl(float alpha, const float* x, const float* dy, float* dx, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector v = part.load(x + i), g = part.load(dy + i);
    const Vector low = hn::Mul(all(alpha), hn::Exp(Floats(), hn::Min(v, zero())));
    part.store(hn::IfThenElse(hn::Gt(v, zero()), g, hn::Mul(g, low)), dx + i);
  });
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace engram::kernels {

ENGRAM_EXPORT(rectify_impl);
ENGRAM_EXPORT(rectify_gradient_impl);
ENGRAM_EXPORT(prelu_impl);
ENGRAM_EXPORT(prelu_gradient_impl);
ENGRAM_EXPORT(elu_impl);
ENGRAM_EXPORT(elu_gradient_impl);

void rectify(const Rectifier& r, const float* x, float* y, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(rectify_impl)(r, x, y, n);
}

void rectify_gradient(
    const Rectifier& r, const float* x, const float* dy, float* dx, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(rectify_gradient_impl)(r, x, dy, dx, n);
}

void prelu(const float* x, const float* alpha, float* y, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(prelu_impl)(x, alpha, y, n);
}

void prelu_gradient(const float* x,
                    const float* alpha,
                    const float* dy,
                    float* dx,
                    float* dalpha,
                    std::int64_t n) noexcept {
  ENGRAM_DISPATCH(prelu_gradient_impl)(x, alpha, dy, dx, dalpha, n);
}

void elu(float alpha, const float* x, float* y, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(elu_impl)(alpha, x, y, n);
}

void elu_gradient(
    float alpha, const float* x, const float* dy, float* dx, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(elu_gradient_impl)(alpha, x, dy, dx, n);
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
