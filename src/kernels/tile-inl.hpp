// SPDX-License-Identifier: Apache-2.0
/// The heart of all products: a tile of sums that stays in registers.
#include "kernels/panels-inl.hpp"

#if defined(ENGRAM_KERNELS_TILE_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_TILE_INL_HPP_
#undef ENGRAM_KERNELS_TILE_INL_HPP_
#else
#define ENGRAM_KERNELS_TILE_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// Most rows of a tile. 8 x 3 sums and 3 vectors of a row of the panel take 27 of AVX-512's 32
/// registers; with 16 registers 4 x 3 sums, 3 vectors and one value take them all.
constexpr int kTileRows = HWY_TARGET <= HWY_AVX3 ? 8 : 4;

/// kRows x kWidth vectors of sums, from zero; the last one of each row has the tag LastTag.
/// (An array of vectors stays in registers as long as all its indexes are constants.)
template <int kRows, int kWidth, class LastTag>
class Tile {
 public:
  using Last = LastTag;

  HWY_INLINE Tile() {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (int w = 0; w < kWidth - 1; ++w) {
        sums_[r][w] = zero();
      }
      last_[r] = hn::Zero(LastTag());
    }
  }

  /// Goes on from sums that `each` has stored to c, row stride ld.
  template <class Access>
  HWY_INLINE void load(const float* c, std::int64_t ld, Access last) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (int w = 0; w < kWidth - 1; ++w) {
        sums_[r][w] = hn::LoadU(Floats(), c + r * ld + w * kLanes);
      }
      last_[r] = last.load(c + r * ld + (kWidth - 1) * kLanes);
    }
  }

  /// sum(r) += a[r * a_row + k * a_step] * b[k * b_step ...], the kWidth vectors there, for k = 0
  /// .. K-1 in this order. b's last vector is loaded by `last`.
  template <class Access>
  HWY_INLINE void multiply_add(std::int64_t K,
                               const float* a,
                               std::int64_t a_row,
                               std::int64_t a_step,
                               const float* b,
                               std::int64_t b_step,
                               Access last) {
    for (std::int64_t k = 0; k < K; ++k, b += b_step) {
      Vector row[kWhole];
#pragma GCC unroll 2
      for (int w = 0; w < kWidth - 1; ++w) {
        row[w] = hn::LoadU(Floats(), b + w * kLanes);
      }
      const auto row_last = last.load(b + (kWidth - 1) * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const Vector value = all(a[r * a_row + k * a_step]);
#pragma GCC unroll 2
        for (int w = 0; w < kWidth - 1; ++w) {
          sums_[r][w] = hn::MulAdd(value, row[w], sums_[r][w]);
        }
        last_[r] = hn::MulAdd(first_lanes(value), row_last, last_[r]);
      }
    }
  }

  /// Calls use(r, column, sum, access) for every vector; access is `last` for a row's last one.
  template <class Access, class Use>
  HWY_INLINE void each(Access last, const Use& use) const {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (int w = 0; w < kWidth - 1; ++w) {
        use(r, w * kLanes, sums_[r][w], Whole());
      }
      use(r, (kWidth - 1) * kLanes, last_[r], last);
    }
  }

 private:
  static constexpr int kWhole = kWidth > 1 ? kWidth - 1 : 1;

  static HWY_INLINE hn::Vec<LastTag> first_lanes(Vector v) {
    if constexpr (std::is_same_v<LastTag, Floats>) {
      return v;
    } else {
      return hn::LowerHalf(LastTag(), v);
    }
  }

  Vector sums_[kRows][kWhole];
  hn::Vec<LastTag> last_[kRows];
};

/// n rows (or panels) in pieces of at most `most` and nearly the same size: 9 rows in pieces of at
/// most 8 are 5 + 4.
class Pieces {
 public:
  HWY_INLINE Pieces(std::int64_t n, std::int64_t most)
      : count_((n + most - 1) / most),
        size_(count_ > 1 ? n / count_ : n),
        larger_(n - count_ * size_) {}

  HWY_INLINE std::int64_t count() const { return count_; }

  HWY_INLINE std::int64_t begin(std::int64_t i) const { return i * size_ + std::min(i, larger_); }

  HWY_INLINE std::int64_t size(std::int64_t i) const { return size_ + (i < larger_ ? 1 : 0); }

 private:
  std::int64_t count_, size_, larger_;  // the first `larger_` pieces have one more
};

template <class TileType>
struct TypeOf {
  using Type = TileType;
};

/// Calls act(TypeOf<Tile>) with the tile of `rows` rows (1 .. kTileRows) for panel i.
template <int kRows = kTileRows, class Act>
HWY_INLINE void with_tile(std::int64_t rows, const Panels& panels, std::int64_t i, const Act& act) {
  if constexpr (kRows > 1) {
    if (rows < kRows) {
      return with_tile<kRows - 1>(rows, panels, i, act);
    }
  }
  const bool has_half = panels.has_half(i);
  switch (panels.width(i)) {
    case 3:
      return has_half ? act(TypeOf<Tile<kRows, 3, HalfFloats>>())
                      : act(TypeOf<Tile<kRows, 3, Floats>>());
    case 2:
      return has_half ? act(TypeOf<Tile<kRows, 2, HalfFloats>>())
                      : act(TypeOf<Tile<kRows, 2, Floats>>());
    default:
      return has_half ? act(TypeOf<Tile<kRows, 1, HalfFloats>>())
                      : act(TypeOf<Tile<kRows, 1, Floats>>());
  }
}

/// Calls act(access) with the access to a last vector of `columns` columns.
template <class Last, class Act>
HWY_INLINE void with_last_access(std::int64_t columns, const Act& act) {
  if (columns == static_cast<std::int64_t>(hn::Lanes(Last()))) {
    act(WholeOf<Last>());
  } else {
    act(PartOf<Last>(columns));
  }
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
