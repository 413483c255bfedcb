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
  const bool is_plain = !spec.keeps && spec.P == 0 && !layout.has_own_h &&
                        a.input_dropout == nullptr && a.mask == nullptr;
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

/// The rows of a product of kGates gates of kVectors vectors, as `Panels` has packed them: one
/// panel where the gates are single vectors, or parts of one; else gates of whole vectors.
template <int kGates, int kVectors>
class GateRows {
 public:
  HWY_INLINE GateRows(const StepProduct& p, const float* packed, std::int64_t H)
      : packed_(packed + p.packed),
        K_(p.K),
        H_(H),
        panels_(kVectors == 1 ? p.N : kGates * kVectors * kLanes),
        size_(panels_.row_size(0)) {}

  /// Floats of a row of the first panel, and its row k.
  HWY_INLINE std::int64_t size() const { return size_; }

  HWY_INLINE const float* row(std::int64_t k) const { return packed_ + k * size_; }

  /// Vector v of row k, which begins at `row`, counted through all gates.
  HWY_INLINE const float* at(const float* row, std::int64_t k, int v) const {
    if constexpr (kVectors == 1) {
      return row + v * H_;
    }
    const int wide = static_cast<int>(panels_.wide()) * kWidest;
    const int panel = v < wide ? v / kWidest : wide / kWidest + (v - wide) / 2;
    const std::int64_t column = panels_.column(panel);
    return packed_ + K_ * column + k * panels_.row_size(panel) + v * kLanes - column;
  }

 private:
  const float* packed_;
  std::int64_t K_, H_;
  Panels panels_;  // for kVectors > 1 known when this is compiled
  std::int64_t size_;
};

/// z += a (K) * rows from first_k, beginning with vector kFirst of z.
template <int kFirst, int kGates, int kVectors, int kAll, class Access>
HWY_INLINE void add_rows(const GateRows<kGates, kVectors>& rows,
                         std::int64_t first_k,
                         const float* a,
                         std::int64_t K,
                         Access part,
                         Vector (&z)[kAll]) {
  const float* row = rows.row(first_k);
  for (std::int64_t k = 0; k < K; ++k, row += rows.size()) {
    const Vector value = all(a[k]);
#pragma GCC unroll 8
    for (int v = 0; v < kGates * kVectors; ++v) {
      const float* b = rows.at(row, first_k + k, v);
      z[kFirst + v] = hn::MulAdd(value, part.load(b), z[kFirst + v]);
    }
  }
}

/// A step of few units: the sums stay in registers, kVectors of them a gate.
template <int kVectors, class CellType, class Access>
HWY_NOINLINE void small_step(const CellType& cell,
                             const RecurrentSpec& spec,
                             const Layout& layout,
                             const RecurrentForward& a,
                             Access part) {
  constexpr int kGates = CellType::kGates, kAll = kGates * kVectors;
  const std::int64_t D = spec.D, H = spec.H;
  Vector z[kAll];
#pragma GCC unroll 8
  for (int v = 0; v < kAll; ++v) {
    z[v] = zero();
  }
  const auto& products = layout.step.items;
  if constexpr (CellType::kCarries) {  // GRU: [x_h, z, r] of the inputs, [z, r, h_h] of the state
    const GateRows<3, kVectors> of_x(products[0], a.packed, H), of_h(products[1], a.packed, H);
    add_rows<0>(of_x, 0, a.x, D, part, z);
    add_rows<0>(of_x, D, &kOne, 1, part, z);
    add_rows<kVectors>(of_h, 0, &kOne, 1, part, z);
    add_rows<kVectors>(of_h, 1, a.h0, H, part, z);
  } else {
    const GateRows<kGates, kVectors> rows(products[0], a.packed, H);
    add_rows<0>(rows, 0, a.x, D, part, z);
    add_rows<0>(rows, D, &kOne, 1, part, z);
    add_rows<0>(rows, D + 1, a.h0, H, part, z);
  }
  const ForwardRow row = {.z = a.workspace + layout.z_at,
                          .h_before = a.h0,
                          .c_before = a.c0,
                          .h = a.h_last,
                          .c = a.c_last,
                          .y = a.y};
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v) {
    Vector of_gates[kGates];
#pragma GCC unroll 4
    for (int g = 0; g < kGates; ++g) {
      of_gates[g] = z[g * kVectors + v];
    }
    cell.forward(row, v * kLanes, part, of_gates);
  }
}

template <class CellType>
void step(const CellType& cell,
          const RecurrentSpec& spec,
          const Layout& layout,
          const RecurrentForward& a) {
  if constexpr (requires { CellType::kGates; }) {
    if (spec.H <= kLanes && layout.step.items[0].N <= kWidest * kLanes) {
      return small_step<1>(cell, spec, layout, a, Part(spec.H));
    }
    if (spec.H == 2 * kLanes) {
      return small_step<2>(cell, spec, layout, a, Whole());
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
