// SPDX-License-Identifier: Apache-2.0
/// One step of SimpleRNN, and its derivative.
#include "kernels/cells/rows-inl.hpp"

#if defined(ENGRAM_KERNELS_CELLS_SIMPLE_RNN_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_CELLS_SIMPLE_RNN_INL_HPP_
#undef ENGRAM_KERNELS_CELLS_SIMPLE_RNN_INL_HPP_
#else
#define ENGRAM_KERNELS_CELLS_SIMPLE_RNN_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

template <class Functions>
struct SimpleRnnCell {
  static constexpr bool kCarries = false;
  static constexpr bool kResetsBefore = false;
  static constexpr int kGates = 1;  // of a row of z

  Functions f;
  std::int64_t H;
  bool keeps;

  HWY_INLINE void forward(const ForwardRow& r) const {
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const Vector x[] = {part.load(r.z + u)};
      forward(r, u, part, x);
    });
  }

  /// h = a(x W + b + h_before U)
  template <class Access>
  HWY_INLINE void forward(const ForwardRow& r,
                          std::int64_t u,
                          Access part,
                          const Vector (&x)[kGates]) const {
    store_h(r, u, part, f.activation(x[0]));
  }

  HWY_INLINE void backward(const BackwardRow& r) const {
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const Vector kept = f.activation_to_keep(part.load(r.z + u), part.load(r.h + u));
      part.store(hn::Mul(gradient_of_h(r, u, part), f.activation_slope(kept)), r.z + u);
    });
  }
};

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
