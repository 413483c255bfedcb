// SPDX-License-Identifier: Apache-2.0
/// One step of LSTM, and its derivative. Kept between them: the gates i, f, g, o in place of their
/// pre-activations, and c. a(c) is computed again: cheaper than to store and load it.
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

  Functions f;
  std::int64_t H;
  bool keeps;

  /// i = s(z_i)  f = s(z_f)  g = a(z_g)  o = s(z_o);  c = f c_before + i g;  h = o a(c)
  HWY_INLINE void forward(const ForwardRow& r) const {
    float *zi = r.z, *zf = zi + H, *zg = zf + H, *zo = zg + H;
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const Vector i = f.gate(part.load(zi + u)), forget = f.gate(part.load(zf + u));
      const Vector g = f.activation(part.load(zg + u)), o = f.gate(part.load(zo + u));
      // Keep what f allows, add the new part.
      const Vector c = hn::MulAdd(forget, part.load(r.c_before + u), hn::Mul(i, g));
      part.store(c, r.c + u);
      store_h(r, u, part, hn::Mul(o, f.activation(c)));
      if (keeps) {
        part.store(i, zi + u);
        part.store(forget, zf + u);
        part.store(g, zg + u);
        part.store(o, zo + u);
      }
    });
  }

  HWY_INLINE void backward(const BackwardRow& r) const {
    float *zi = r.z, *zf = zi + H, *zg = zf + H, *zo = zg + H;
    for_each_vector(H, [&](std::int64_t u, auto part) HWY_ATTR {
      const Vector i = part.load(zi + u), forget = part.load(zf + u);
      const Vector g = part.load(zg + u), o = part.load(zo + u);
      const Vector a = f.activation(part.load(r.c + u));  // h = o a
      const Vector dh = gradient_of_h(r, u, part);
      const Vector dc = hn::MulAdd(hn::Mul(dh, o), f.activation_slope(a), part.load(r.dc + u));
      const Vector di = hn::Mul(dc, g), df = hn::Mul(dc, part.load(r.c_before + u));
      const Vector dg = hn::Mul(dc, i), d_o = hn::Mul(dh, a);
      part.store(hn::Mul(di, f.gate_slope(i)), zi + u);
      part.store(hn::Mul(df, f.gate_slope(forget)), zf + u);
      part.store(hn::Mul(dg, f.activation_slope(g)), zg + u);
      part.store(hn::Mul(d_o, f.gate_slope(o)), zo + u);
      part.store(hn::Mul(dc, forget), r.dc + u);
    });
  }
};

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
