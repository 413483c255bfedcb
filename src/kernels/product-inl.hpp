// SPDX-License-Identifier: Apache-2.0
/// The product with a packed matrix: c (M, N) = a (M, K) * packed (K, N) + added.
///
/// A tile of c stays in registers while k runs over 0 .. K-1. Each value of c is one chain of
/// multiply-adds in that order from zero, in a tile of any size: so a row's bits do not depend on
/// how many rows are computed with it.
#include "kernels/panels-inl.hpp"

#if defined(ENGRAM_KERNELS_PRODUCT_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_PRODUCT_INL_HPP_
#undef ENGRAM_KERNELS_PRODUCT_INL_HPP_
#else
#define ENGRAM_KERNELS_PRODUCT_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// Most rows of a tile. 8 x 3 sums and 3 vectors of a row of the panel take 27 of AVX-512's 32
/// registers; with 16 registers 4 x 3 sums, 3 vectors and one value of `a` take them all.
constexpr int kTileRows = HWY_TARGET <= HWY_AVX3 ? 8 : 4;

/// `added` (M, N) with row stride ld_added, 0 when all rows share one (a bias); null: nothing.
struct Product {
  std::int64_t M, K, N;
  const float* a;
  std::int64_t lda;
  const float* packed;
  float* c;
  std::int64_t ldc;
  const float* added = nullptr;
  std::int64_t ld_added = 0;
};

/// Columns of c that a tile computes: those of panel `b`, `columns` of them real.
struct TileColumns {
  const float* b;
  std::int64_t first, columns;
};

/// Stores one row of sums: all vectors whole, but for the last one of the matrix.
template <int kWidth>
HWY_INLINE void store_sums(const Vector* sums,
                           const Product& p,
                           std::int64_t row,
                           const TileColumns& t) {
  float* c = p.c + row * p.ldc + t.first;
  const float* added = p.added + row * p.ld_added + t.first;
  const auto store = [&](int w, auto access) HWY_ATTR {
    Vector sum = sums[w];
    if (p.added != nullptr) {
      sum = hn::Add(sum, access.load(added + w * kLanes));
    }
    access.store(sum, c + w * kLanes);
  };
#pragma GCC unroll 3
  for (int w = 0; w < kWidth - 1; ++w) {
    store(w, Whole());
  }
  const std::int64_t rest = t.columns - (kWidth - 1) * kLanes;
  if (rest == kLanes) {
    store(kWidth - 1, Whole());
  } else {
    store(kWidth - 1, Part(rest));
  }
}

template <int kRows, int kWidth>
HWY_NOINLINE void product_tile(const Product& p, std::int64_t row, const TileColumns& t) {
  const float* a = p.a + row * p.lda;
  const float* b = t.b;
  Vector sums[kRows][kWidth];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
    for (int w = 0; w < kWidth; ++w) {
      sums[r][w] = zero();
    }
  }
  for (std::int64_t k = 0; k < p.K; ++k, b += kWidth * kLanes) {
    Vector row_of_b[kWidth];
#pragma GCC unroll 3
    for (int w = 0; w < kWidth; ++w) {
      row_of_b[w] = hn::Load(Floats(), b + w * kLanes);
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Vector value = all(a[r * p.lda + k]);
#pragma GCC unroll 3
      for (int w = 0; w < kWidth; ++w) {
        sums[r][w] = hn::MulAdd(value, row_of_b[w], sums[r][w]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    store_sums<kWidth>(sums[r], p, row + r, t);
  }
}

/// The tile of `rows` rows: the templates above for each number of rows up to kTileRows.
template <int kWidth, int kRows = kTileRows>
HWY_INLINE void product_rows(std::int64_t rows,
                             const Product& p,
                             std::int64_t row,
                             const TileColumns& t) {
  if (rows == kRows) {
    product_tile<kRows, kWidth>(p, row, t);
  } else if constexpr (kRows > 1) {
    product_rows<kWidth, kRows - 1>(rows, p, row, t);
  }
}

/// One row, in up to three panels at once: a single panel's sums would wait for each other.
template <int kWide, int kNarrow>
HWY_NOINLINE void product_row(const Product& p, const Panels& panels, std::int64_t first) {
  constexpr int kPanels = kWide + kNarrow;
  const float* b[kPanels];
  Vector sums[kPanels][kWidest];
#pragma GCC unroll 3
  for (int i = 0; i < kPanels; ++i) {
    b[i] = p.packed + p.K * panels.column(first + i);
#pragma GCC unroll 3
    for (int w = 0; w < kWidest; ++w) {
      sums[i][w] = zero();
    }
  }
  for (std::int64_t k = 0; k < p.K; ++k) {
    const Vector value = all(p.a[k]);
#pragma GCC unroll 3
    for (int i = 0; i < kPanels; ++i) {
      const int width = i < kWide ? kWidest : 2;
#pragma GCC unroll 3
      for (int w = 0; w < width; ++w) {
        sums[i][w] = hn::MulAdd(value, hn::Load(Floats(), b[i] + w * kLanes), sums[i][w]);
      }
      b[i] += width * kLanes;
    }
  }
#pragma GCC unroll 3
  for (int i = 0; i < kPanels; ++i) {
    const TileColumns t = {nullptr, panels.column(first + i), panels.columns(first + i)};
    if (i < kWide) {
      store_sums<kWidest>(sums[i], p, 0, t);
    } else {
      store_sums<2>(sums[i], p, 0, t);
    }
  }
}

/// Panels [first, last) of one row.
HWY_INLINE void product_panels(const Product& p,
                               const Panels& panels,
                               std::int64_t first,
                               std::int64_t last) {
  const std::int64_t wide = std::clamp<std::int64_t>(panels.wide() - first, 0, last - first);
  const std::int64_t narrow = last - first - wide;
  switch (4 * wide + narrow) {
    case 4 * 3 + 0:
      return product_row<3, 0>(p, panels, first);
    case 4 * 2 + 0:
      return product_row<2, 0>(p, panels, first);
    case 4 * 2 + 1:
      return product_row<2, 1>(p, panels, first);
    case 4 * 1 + 0:
      return product_row<1, 0>(p, panels, first);
    case 4 * 1 + 1:
      return product_row<1, 1>(p, panels, first);
    case 4 * 1 + 2:
      return product_row<1, 2>(p, panels, first);
    case 4 * 0 + 1:
      return product_row<0, 1>(p, panels, first);
    case 4 * 0 + 2:
      return product_row<0, 2>(p, panels, first);
    default:
      return product_row<0, 3>(p, panels, first);
  }
}

static HWY_NOINLINE void product(const Product& p) {
  const Panels panels(p.N);
  if (p.M == 1 && p.N > kLanes) {
    const std::int64_t groups = (panels.count() + 2) / 3;
    for (std::int64_t group = 0; group < groups; ++group) {
      product_panels(
          p, panels, panels.count() * group / groups, panels.count() * (group + 1) / groups);
    }
    return;
  }
  const std::int64_t tiles = (p.M + kTileRows - 1) / kTileRows;
  for (std::int64_t i = 0; i < panels.count(); ++i) {
    const TileColumns t = {p.packed + p.K * panels.column(i), panels.column(i), panels.columns(i)};
    for (std::int64_t tile = 0; tile < tiles; ++tile) {
      // Tiles of nearly the same height: 9 rows are 5 + 4, not 8 + 1.
      const std::int64_t first = p.M * tile / tiles, rows = p.M * (tile + 1) / tiles - first;
      switch (panels.width(i)) {
        case 3:
          product_rows<3>(rows, p, first, t);
          break;
        case 2:
          product_rows<2>(rows, p, first, t);
          break;
        default:
          product_rows<1>(rows, p, first, t);
      }
    }
  }
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
