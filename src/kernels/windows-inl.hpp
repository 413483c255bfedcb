// SPDX-License-Identifier: Apache-2.0
/// Loops over windows and what lies under them.
#include "kernels/lanes-inl.hpp"
#include "kernels/windows.hpp"

#if defined(ENGRAM_KERNELS_WINDOWS_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_WINDOWS_INL_HPP_
#undef ENGRAM_KERNELS_WINDOWS_INL_HPP_
#else
#define ENGRAM_KERNELS_WINDOWS_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// Visit(v, row, h): each window of the range along H.
template <class Visit>
HWY_INLINE void each_window(
    const Windows& w, std::int64_t rows, std::int64_t begin, std::int64_t end, const Visit& visit) {
  for (std::int64_t v = begin; v < end; ++v) {
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t h = 0; h < w.horizontal.output; ++h) {
        visit(v, row, h);
      }
    }
  }
}

/// The place under tap i of window o, or -1 for padding and behind a short window's end.
HWY_INLINE std::int64_t place(const WindowAxis& axis, std::int64_t o, std::int64_t i) {
  if (axis.is_adaptive) {
    const std::int64_t at = o * axis.input / axis.output + i;
    return at * axis.output < (o + 1) * axis.input ? at : -1;
  }
  const std::int64_t at = o * axis.stride - axis.before + i * axis.dilation;
  return at >= 0 && at < axis.input ? at : -1;
}

/// Visit(tap, offset of the first channel, or -1 for padding): each tap of a window, in order.
template <class Visit>
HWY_INLINE void each_tap(const Windows& w,
                         std::int64_t rows,
                         std::int64_t v,
                         std::int64_t row,
                         std::int64_t h,
                         const Visit& visit) {
  // By columns: what two passes, first along H and then along W, meet first is met first.
  const bool by_columns = w.vertical.is_adaptive;
  const std::int64_t outer = by_columns ? w.horizontal.size : w.vertical.size;
  const std::int64_t inner = by_columns ? w.vertical.size : w.horizontal.size;
  for (std::int64_t a = 0; a < outer; ++a) {
    for (std::int64_t b = 0; b < inner; ++b) {
      const std::int64_t i = by_columns ? b : a, j = by_columns ? a : b;
      const std::int64_t y = place(w.vertical, v, i), x = place(w.horizontal, h, j);
      const bool is_padding = y < 0 || x < 0;
      visit(i * w.horizontal.size + j,
            is_padding ? -1 : ((y * rows + row) * w.horizontal.input + x) * w.channels);
    }
  }
}

/// to = from, to += from, of n values.
HWY_INLINE void copy(const float* from, float* to, std::int64_t n) {
  for_each_vector(
      n, [&](std::int64_t i, auto part) HWY_ATTR { part.store(part.load(from + i), to + i); });
}

HWY_INLINE void add(const float* from, float* to, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    part.store(hn::Add(part.load(to + i), part.load(from + i)), to + i);
  });
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
