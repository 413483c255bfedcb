// SPDX-License-Identifier: Apache-2.0
/// One step of GRU in its two forms, and their derivatives.
///
/// Both end in h = z h_before + (1 - z) g with the candidate g; they differ in where the reset gate
/// r acts. Kept: g, z, r in place of their pre-activations, or those, where the functions say so
/// (and h_h, which r multiplies).
#include "kernels/cells/rows-inl.hpp"

#if defined(ENGRAM_KERNELS_CELLS_GRU_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_CELLS_GRU_INL_HPP_
#undef ENGRAM_KERNELS_CELLS_GRU_INL_HPP_
#else
#define ENGRAM_KERNELS_CELLS_GRU_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// z h_before + (1 - z) g
HWY_INLINE Vector mix(Vector z, Vector h_before, Vector g) {
  return hn::MulAdd(z, h_before, hn::NegMulAdd(z, g, g));
}

/// The reset gate after the product: columns [x_h, z, r, h_h].
template <class Functions>
struct GruAfterCell {
  static constexpr bool kCarries = true;
  static constexpr bool kResetsBefore = false;
  static constexpr int kGates = 4;  // of a row of z, in which the candidate has two

  Functions f;
  std::int64_t H;
  bool keeps;

  HWY_INLINE void forward(const ForwardRow& row) const {
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const float* z = row.z + u;
      const Vector x[] = {
          part.load(z), part.load(z + H), part.load(z + 2 * H), part.load(z + 3 * H)};
      forward(row, u, part, x);
    });
  }

  /// z = s(.)  r = s(.)  g = a(x_h + r h_h)
  template <class Access>
  HWY_INLINE void forward(const ForwardRow& row,
                          std::int64_t u,
                          Access part,
                          const Vector (&x)[kGates]) const {
    const Vector xz = x[1], xr = x[2], z = f.gate(xz), r = f.gate(xr);
    const Vector xg = hn::MulAdd(r, x[3], x[0]), g = f.activation(xg);
    store_h(row, u, part, mix(z, part.load(row.h_before + u), g));
    if (keeps) {
      float* to = row.z + u;
      part.store(f.activation_to_keep(xg, g), to);
      part.store(f.gate_to_keep(xz, z), to + H);
      part.store(f.gate_to_keep(xr, r), to + 2 * H);
    }
  }

  HWY_INLINE void backward(const BackwardRow& row) const {
    float *zg = row.z, *zz = zg + H, *zr = zz + H, *zh = zr + H;
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const Vector kg = part.load(zg + u), kz = part.load(zz + u), kr = part.load(zr + u);
      const Vector g = f.activation_of(kg), z = f.gate_of(kz), r = f.gate_of(kr);
      const Vector h_h = part.load(zh + u), dh = gradient_of_h(row, u, part);
      const Vector dz = hn::Mul(dh, hn::Sub(part.load(row.h_before + u), g));
      const Vector kept = hn::Mul(dh, z), dg = hn::Sub(dh, kept);
      const Vector dx_h = hn::Mul(dg, f.activation_slope(kg));
      const Vector dr = hn::Mul(dx_h, h_h);
      part.store(dx_h, zg + u);
      part.store(hn::Mul(dz, f.gate_slope(kz)), zz + u);
      part.store(hn::Mul(dr, f.gate_slope(kr)), zr + u);
      part.store(hn::Mul(dx_h, r), zh + u);
      part.store(kept, row.carry + u);
    });
  }
};

/// The reset gate before the product: columns [h, z, r]; the candidate's input holds r h_before.
template <class Functions>
struct GruBeforeCell {
  static constexpr bool kCarries = true;
  static constexpr bool kResetsBefore = true;

  Functions f;
  std::int64_t H;
  bool keeps;

  /// z = s(.)  r = s(.);  reset_h = r h, where h may have gone through dropout.
  HWY_INLINE void reset(float* row_z, const float* h, float* reset_h) const {
    float *zz = row_z + H, *zr = zz + H;
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const Vector xz = part.load(zz + u), xr = part.load(zr + u), r = f.gate(xr);
      part.store(f.gate_to_keep(xz, f.gate(xz)), zz + u);
      part.store(f.gate_to_keep(xr, r), zr + u);
      part.store(hn::Mul(r, part.load(h + u)), reset_h + u);
    });
  }

  /// g = a(.), when the product with reset_h is done.
  HWY_INLINE void forward(const ForwardRow& row) const {
    float *zg = row.z, *zz = zg + H;
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const Vector xg = part.load(zg + u), g = f.activation(xg);
      const Vector z = f.gate_of(part.load(zz + u));
      store_h(row, u, part, mix(z, part.load(row.h_before + u), g));
      part.store(f.activation_to_keep(xg, g), zg + u);
    });
  }

  HWY_INLINE void backward(const BackwardRow& row) const {
    float *zg = row.z, *zz = zg + H;
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const Vector kg = part.load(zg + u), kz = part.load(zz + u);
      const Vector g = f.activation_of(kg), z = f.gate_of(kz);
      const Vector dh = gradient_of_h(row, u, part);
      const Vector dz = hn::Mul(dh, hn::Sub(part.load(row.h_before + u), g));
      const Vector kept = hn::Mul(dh, z), dg = hn::Sub(dh, kept);
      part.store(hn::Mul(dg, f.activation_slope(kg)), zg + u);
      part.store(hn::Mul(dz, f.gate_slope(kz)), zz + u);
      part.store(kept, row.carry + u);
    });
  }

  /// When the gradient of reset_h is known: that of r, and its part of the gradient of h_before.
  /// factor: the dropout that h_before went through, or null.
  HWY_INLINE void reset_backward(const BackwardRow& row,
                                 const float* d_reset_h,
                                 const float* factor) const {
    float* zr = row.z + 2 * H;
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const Vector kr = part.load(zr + u), r = f.gate_of(kr), h = part.load(row.h_before + u);
      Vector d = part.load(d_reset_h + u);
      d = factor == nullptr ? d : hn::Mul(d, part.load(factor + u));
      part.store(hn::Mul(hn::Mul(d, h), f.gate_slope(kr)), zr + u);
      part.store(hn::MulAdd(d, r, part.load(row.carry + u)), row.carry + u);
    });
  }
};

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
