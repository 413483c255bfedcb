// SPDX-License-Identifier: Apache-2.0
/// Reads and writes that all cells share.
#include "kernels/cells/rows.hpp"
#include "kernels/functions-inl.hpp"

#if defined(ENGRAM_KERNELS_CELLS_ROWS_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_CELLS_ROWS_INL_HPP_
#undef ENGRAM_KERNELS_CELLS_ROWS_INL_HPP_
#else
#define ENGRAM_KERNELS_CELLS_ROWS_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

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
