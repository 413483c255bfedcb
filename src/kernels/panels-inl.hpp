// SPDX-License-Identifier: Apache-2.0
/// How a matrix lies packed: cut into panels of 2 or 3 vectors of columns, each panel row by row.
///
/// Widths are balanced: 25 vectors are 7 panels of 3, then 2 of 2, and no panel of 1 slows the
/// product down. The last vector is filled up with zeros; on AVX-512 it is half a vector where that
/// is enough, which takes some processors half the time.
#include <algorithm>
#include <type_traits>

#include "kernels/lanes-inl.hpp"

#if defined(ENGRAM_KERNELS_PANELS_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_PANELS_INL_HPP_
#undef ENGRAM_KERNELS_PANELS_INL_HPP_
#else
#define ENGRAM_KERNELS_PANELS_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

constexpr int kWidest = 3;  ///< vectors of a panel

/// The smaller kind of last vector; the whole one where halves are no faster.
using HalfFloats = std::conditional_t<kLanes == 16, hn::CappedTag<float, 8>, Floats>;
constexpr std::int64_t kHalfLanes = kLanes == 16 ? 8 : kLanes;

/// The panels of N columns.
class Panels {
 public:
  HWY_INLINE explicit Panels(std::int64_t N) : N_(N) {
    const std::int64_t vectors = (N + kLanes - 1) / kLanes;
    count_ = (vectors + kWidest - 1) / kWidest;
    wide_ = vectors == 1 ? 0 : vectors - 2 * count_;
    narrow_width_ = vectors == 1 ? 1 : 2;
  }

  HWY_INLINE std::int64_t count() const { return count_; }

  /// Panels of 3 vectors; they come first.
  HWY_INLINE std::int64_t wide() const { return wide_; }

  /// Vectors of panel i.
  HWY_INLINE std::int64_t width(std::int64_t i) const {
    return i < wide_ ? kWidest : narrow_width_;
  }

  /// First column of panel i; K times that is where it begins in the packed matrix.
  HWY_INLINE std::int64_t column(std::int64_t i) const {
    return kLanes * (i < wide_ ? kWidest * i : kWidest * wide_ + narrow_width_ * (i - wide_));
  }

  /// Columns of panel i that are no filling.
  HWY_INLINE std::int64_t columns(std::int64_t i) const {
    return std::min(width(i) * kLanes, N_ - column(i));
  }

  /// Columns of the last vector of panel i that are no filling.
  HWY_INLINE std::int64_t last_columns(std::int64_t i) const {
    return columns(i) - (width(i) - 1) * kLanes;
  }

  /// Whether the last vector of panel i is a half one.
  HWY_INLINE bool has_half(std::int64_t i) const {
    return kHalfLanes < kLanes && last_columns(i) <= kHalfLanes;
  }

  /// Floats of a row of panel i.
  HWY_INLINE std::int64_t row_size(std::int64_t i) const {
    return width(i) * kLanes - (has_half(i) ? kLanes - kHalfLanes : 0);
  }

 private:
  std::int64_t N_, count_, wide_, narrow_width_;
};

/// Panels [first, last) of `part` when the work on them is cut into `parts`.
struct PanelRange {
  std::int64_t first, last;

  HWY_INLINE PanelRange(const Panels& panels, std::int64_t part, std::int64_t parts)
      : first(panels.count() * part / parts), last(panels.count() * (part + 1) / parts) {}
};

/// Rows [k, k + rows) of panel i of `packed` (K, N) become w's (rows, ...), row stride ldw; w
/// points at the matrix's first column.
HWY_INLINE void pack_rows(const Panels& panels,
                          std::int64_t i,
                          std::int64_t K,
                          std::int64_t k,
                          std::int64_t rows,
                          const float* w,
                          std::int64_t ldw,
                          float* packed) {
  const std::int64_t width = panels.row_size(i), columns = panels.columns(i);
  float* to = packed + K * panels.column(i) + k * width;
  w += panels.column(i);
  for (std::int64_t row = 0; row < rows; ++row, to += width, w += ldw) {
    std::memcpy(to, w, static_cast<std::size_t>(columns) * sizeof(float));
    std::fill(to + columns, to + width, 0.0f);
  }
}

/// The same from the transpose: w is (N, rows), row stride ldw.
HWY_INLINE void pack_columns(const Panels& panels,
                             std::int64_t i,
                             std::int64_t K,
                             std::int64_t k,
                             std::int64_t rows,
                             const float* w,
                             std::int64_t ldw,
                             float* packed) {
  const std::int64_t width = panels.row_size(i), columns = panels.columns(i);
  float* to = packed + K * panels.column(i) + k * width;
  for (std::int64_t column = 0; column < width; ++column) {
    const float* from = w + (panels.column(i) + column) * ldw;
    for (std::int64_t row = 0; row < rows; ++row) {
      to[row * width + column] = column < columns ? from[row] : 0.0f;
    }
  }
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
