// SPDX-License-Identifier: Apache-2.0
#include "kernels/update.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/update.cpp"
#include <hwy/foreach_target.h>

#include "kernels/dispatch.hpp"
#include "kernels/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

void adam_impl(const AdamUpdate& a, std::int64_t n) {
  const Vector new_m = all(1 - a.beta_1), new_v = all(1 - a.beta_2);
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector g = part.load(a.g + i);
    Vector w = part.load(a.w + i), m = part.load(a.m + i), v = part.load(a.v + i);
    w = hn::NegMulAdd(w, all(a.weight_decay), w);
    m = hn::MulAdd(hn::Sub(g, m), new_m, m);
    v = hn::MulAdd(hn::Sub(hn::Mul(g, g), v), new_v, v);
    part.store(m, a.m + i);
    part.store(v, a.v + i);
    if (a.vhat != nullptr) {
      v = hn::Max(part.load(a.vhat + i), v);
      part.store(v, a.vhat + i);
    }
    const Vector size = hn::Add(hn::Sqrt(v), all(a.epsilon));
    part.store(hn::Sub(w, hn::Div(hn::Mul(m, all(a.alpha)), size)), a.w + i);
  });
}

void sgd_impl(const SgdUpdate& a, std::int64_t n) {
  const Vector rate = all(a.learning_rate), momentum = all(a.momentum);
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector g = part.load(a.g + i), w = part.load(a.w + i);
    if (a.m == nullptr) {
      part.store(hn::NegMulAdd(rate, g, w), a.w + i);
      return;
    }
    const Vector step = hn::Mul(rate, g);
    const Vector m = hn::MulSub(momentum, part.load(a.m + i), step);
    part.store(m, a.m + i);
    part.store(hn::Add(w, a.nesterov ? hn::MulSub(momentum, m, step) : m), a.w + i);
  });
}

void rmsprop_impl(const RmspropUpdate& a, std::int64_t n) {
  const Vector rho = all(a.rho), fresh = all(1 - a.rho);
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector g = part.load(a.g + i);
    const Vector v = hn::MulAdd(rho, part.load(a.v + i), hn::Mul(fresh, hn::Mul(g, g)));
    part.store(v, a.v + i);
    Vector d = v;
    if (a.mean != nullptr) {
      const Vector mean = hn::MulAdd(rho, part.load(a.mean + i), hn::Mul(fresh, g));
      part.store(mean, a.mean + i);
      d = hn::NegMulAdd(mean, mean, v);
    }
    Vector step = hn::Div(hn::Mul(all(a.learning_rate), g), hn::Sqrt(hn::Add(d, all(a.epsilon))));
    if (a.m != nullptr) {
      step = hn::MulAdd(all(a.momentum), part.load(a.m + i), step);
      part.store(step, a.m + i);
    }
    part.store(hn::Sub(part.load(a.w + i), step), a.w + i);
  });
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace engram::kernels {

ENGRAM_EXPORT(adam_impl);
ENGRAM_EXPORT(sgd_impl);
ENGRAM_EXPORT(rmsprop_impl);

void adam_update(const AdamUpdate& a, std::int64_t n) noexcept { ENGRAM_DISPATCH(adam_impl)(a, n); }

void sgd_update(const SgdUpdate& a, std::int64_t n) noexcept { ENGRAM_DISPATCH(sgd_impl)(a, n); }

void rmsprop_update(const RmspropUpdate& a, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(rmsprop_impl)(a, n);
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
