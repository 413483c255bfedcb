// SPDX-License-Identifier: Apache-2.0
/// One step of LSTM, and its derivative. Kept between them: the gates i, f, g, o in place of their
/// pre-activations (or those, where the functions say so), and c. a(c) is computed again: cheaper
/// than to store and load it.
#include "kernels/cells/rows-inl.hpp"

#if defined(ENGRAM_KERNELS_CELLS_LSTM_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_CELLS_LSTM_INL_HPP_
#undef ENGRAM_KERNELS_CELLS_LSTM_INL_HPP_
#else
#define ENGRAM_KERNELS_CELLS_LSTM_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

template <class Functions>
struct LstmCell {
  static constexpr bool kCarries = false;
  static constexpr bool kResetsBefore = false;
  static constexpr int kGates = 4;  // of a row of z

  Functions f;
  std::int64_t H;
  bool keeps;

  HWY_INLINE void forward(const ForwardRow& r) const {
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const float* z = r.z + u;
      const Vector x[] = {
          part.load(z), part.load(z + H), part.load(z + 2 * H), part.load(z + 3 * H)};
      forward(r, u, part, x);
    });
  }

  /// i = s(z_i)  f = s(z_f)  g = a(z_g)  o = s(z_o);  c = f c_before + i g;  h = o a(c)
  template <class Access>
  HWY_INLINE void forward(const ForwardRow& r,
                          std::int64_t u,
                          Access part,
                          const Vector (&x)[kGates]) const {
    const Vector xi = x[0], xf = x[1], xg = x[2], xo = x[3];
    const Vector i = f.gate(xi), forget = f.gate(xf), g = f.activation(xg), o = f.gate(xo);
    // Keep what f allows, add the new part.
    const Vector c = hn::MulAdd(forget, part.load(r.c_before + u), hn::Mul(i, g));
    part.store(c, r.c + u);
    store_h(r, u, part, hn::Mul(o, f.activation(c)));
    if (keeps) {
      float* z = r.z + u;
      part.store(f.gate_to_keep(xi, i), z);
      part.store(f.gate_to_keep(xf, forget), z + H);
      part.store(f.activation_to_keep(xg, g), z + 2 * H);
      part.store(f.gate_to_keep(xo, o), z + 3 * H);
    }
  }

  HWY_INLINE void backward(const BackwardRow& r) const {
    float *zi = r.z, *zf = zi + H, *zg = zf + H, *zo = zg + H;
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const Vector ki = part.load(zi + u), kf = part.load(zf + u);
      const Vector kg = part.load(zg + u), ko = part.load(zo + u);
      const Vector i = f.gate_of(ki), forget = f.gate_of(kf);
      const Vector g = f.activation_of(kg), o = f.gate_of(ko);
      const Vector c = part.load(r.c + u), a = f.activation(c);  // h = o a
      const Vector da = f.activation_slope(f.activation_to_keep(c, a));
      const Vector dh = gradient_of_h(r, u, part);
      const Vector dc = hn::MulAdd(hn::Mul(dh, o), da, part.load(r.dc + u));
      const Vector di = hn::Mul(dc, g), df = hn::Mul(dc, part.load(r.c_before + u));
      const Vector dg = hn::Mul(dc, i), d_o = hn::Mul(dh, a);
      part.store(hn::Mul(di, f.gate_slope(ki)), zi + u);
      part.store(hn::Mul(df, f.gate_slope(kf)), zf + u);
      part.store(hn::Mul(dg, f.activation_slope(kg)), zg + u);
      part.store(hn::Mul(d_o, f.gate_slope(ko)), zo + u);
      part.store(hn::Mul(dc, forget), r.dc + u);
    });
  }
};

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
