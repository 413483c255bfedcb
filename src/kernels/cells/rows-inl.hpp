// SPDX-License-Identifier: Apache-2.0
/// What a cell sees of one row of one step. The order of the columns of z is in kernels/layout.hpp.
#include "kernels/functions-inl.hpp"

#if defined(ENGRAM_KERNELS_CELLS_ROWS_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_CELLS_ROWS_INL_HPP_
#undef ENGRAM_KERNELS_CELLS_ROWS_INL_HPP_
#else
#define ENGRAM_KERNELS_CELLS_ROWS_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

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

/// The whole gradient of h.
template <class Access>
HWY_INLINE Vector gradient_of_h(const BackwardRow& r, std::int64_t u, Access part) {
  const Vector dh = part.load(r.dh + u);
  return r.dy == nullptr ? dh : hn::Add(dh, part.load(r.dy + u));
}

/// Stores the new state, and the output if there is one.
template <class Access>
HWY_INLINE void store_h(const ForwardRow& r, std::int64_t u, Access part, Vector h) {
  part.store(h, r.h + u);
  if (r.y != nullptr) {
    part.store(h, r.y + u);
  }
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
