// SPDX-License-Identifier: Apache-2.0
/// One time step of one row with carried states: nothing is copied, x and the states are read and
/// written where they lie. The sums are the chains of a sequence's step, so the bits are the same.
#include "kernels/cells/rows-inl.hpp"
#include "kernels/layout.hpp"
#include "kernels/product-inl.hpp"

#if defined(ENGRAM_KERNELS_STEP_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_STEP_INL_HPP_
#undef ENGRAM_KERNELS_STEP_INL_HPP_
#else
#define ENGRAM_KERNELS_STEP_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// Whether `step` does what is asked for.
HWY_INLINE bool is_step(const RecurrentSpec& spec,
                        const Layout& layout,
                        const RecurrentForward& a) {
  const bool is_plain =
      !spec.keeps && !layout.has_own_h && a.input_dropout == nullptr && a.mask == nullptr;
  const bool has_h = a.h0 != nullptr && a.h_last != nullptr;
  const bool has_c = spec.cell != Cell::lstm || (a.c0 != nullptr && a.c_last != nullptr);
  return spec.T == 1 && a.rows == 1 && is_plain && has_h && has_c;
}

/// z += [x, 1, h] * packed
HWY_INLINE void multiply_step(const Products<StepProduct>& products,
                              const RecurrentSpec& spec,
                              const Layout& layout,
                              const RecurrentForward& a,
                              const float* h,
                              float* z) {
  for (const StepProduct& p : products) {
    if (p.goes_on) {  // all columns but the last gate's have been begun
      std::memset(z + layout.z_columns - spec.H, 0, spec.H * sizeof(float));
    }
    product({.M = 1,
             .K = p.K,
             .N = p.N,
             .a = h,
             .lda = 0,
             .packed = a.packed + p.packed,
             .c = z + p.column,
             .ldc = 0,
             .goes_on = p.goes_on,
             .x = a.x,
             .D = p.has_x ? spec.D : 0});
  }
}

/// Whether the sums of a layer fit in one vector a gate, and its rows in one panel.
HWY_INLINE bool is_small(const RecurrentSpec& spec, const Layout& layout) {
  return spec.H <= kLanes && layout.step.items[0].N <= kWidest * kLanes;
}

/// z += a * (the rows of a panel from b), one vector a gate, kFirst .. kLast - 1.
template <int kFirst, int kLast, int kGates>
HWY_INLINE const float* add_rows(const float* a,
                                 std::int64_t K,
                                 const float* b,
                                 std::int64_t size,
                                 std::int64_t H,
                                 Part part,
                                 Vector (&z)[kGates]) {
  for (std::int64_t k = 0; k < K; ++k, b += size) {
    const Vector value = all(a[k]);
#pragma GCC unroll 4
    for (int g = kFirst; g < kLast; ++g) {
      z[g] = hn::MulAdd(value, part.load(b + (g - kFirst) * H), z[g]);
    }
  }
  return b;
}

/// A step of few units: the sums never leave the registers.
template <class CellType>
HWY_NOINLINE void small_step(const CellType& cell,
                             const RecurrentSpec& spec,
                             const Layout& layout,
                             const RecurrentForward& a) {
  constexpr int kGates = CellType::kGates;
  const std::int64_t H = spec.H;
  const Part part(H);
  Vector z[kGates];
#pragma GCC unroll 4
  for (int g = 0; g < kGates; ++g) {
    z[g] = zero();
  }
  const StepProduct& first = layout.step.items[0];
  const std::int64_t size = Panels(first.N).row_size(0);
  const float* b = a.packed + first.packed;
  if constexpr (CellType::kCarries) {  // GRU: its second product begins with the 1, too
    b = add_rows<0, 3>(a.x, spec.D, b, size, H, part, z);
    add_rows<0, 3>(&kOne, 1, b, size, H, part, z);
    b = a.packed + layout.step.items[1].packed;
    b = add_rows<1, 4>(&kOne, 1, b, size, H, part, z);
    add_rows<1, 4>(a.h0, H, b, size, H, part, z);
  } else {
    b = add_rows<0, kGates>(a.x, spec.D, b, size, H, part, z);
    b = add_rows<0, kGates>(&kOne, 1, b, size, H, part, z);
    add_rows<0, kGates>(a.h0, H, b, size, H, part, z);
  }
  cell.forward({.z = a.workspace + layout.z_at,
                .h_before = a.h0,
                .c_before = a.c0,
                .h = a.h_last,
                .c = a.c_last,
                .y = a.y},
               0,
               part,
               z);
}

template <class CellType>
void step(const CellType& cell,
          const RecurrentSpec& spec,
          const Layout& layout,
          const RecurrentForward& a) {
  if constexpr (requires { CellType::kGates; }) {
    if (is_small(spec, layout)) {
      return small_step(cell, spec, layout, a);
    }
  }
  float* z = a.workspace + layout.z_at;
  multiply_step(layout.step, spec, layout, a, a.h0, z);
  if constexpr (CellType::kResetsBefore) {
    float* reset_h = a.workspace + layout.inputs_at + layout.h;
    cell.reset(z, a.h0, reset_h);
    multiply_step(layout.after_reset, spec, layout, a, reset_h, z);
  }
  cell.forward(
      {.z = z, .h_before = a.h0, .c_before = a.c0, .h = a.h_last, .c = a.c_last, .y = a.y});
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
