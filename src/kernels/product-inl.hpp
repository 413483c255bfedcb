// SPDX-License-Identifier: Apache-2.0
/// The product with a packed matrix: c (M, N) = a (M, K) * packed (K, N) + added.
///
/// Each value of c is one chain of multiply-adds from zero, k = 0 .. K-1, in a tile of any size: so
/// a row's bits do not depend on how many rows are computed with it. A chain may be cut in two
/// products, of the first and of the later rows of `packed`, without a change of its bits.
#include <array>

#include "kernels/share_work.hpp"
#include "kernels/tile-inl.hpp"

#if defined(ENGRAM_KERNELS_PRODUCT_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_PRODUCT_INL_HPP_
#undef ENGRAM_KERNELS_PRODUCT_INL_HPP_
#else
#define ENGRAM_KERNELS_PRODUCT_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// `added` (M, N) with row stride ld_added, 0 when all rows share one (a bias); null: nothing.
/// The K rows of `packed` are those from first_k, of packed_K (0: all K). With `goes_on` the chains
/// go on from c.
struct Product {
  std::int64_t M, K, N;
  const float* a;
  std::int64_t lda;
  const float* packed;
  float* c;
  std::int64_t ldc;
  const float* added = nullptr;
  std::int64_t ld_added = 0;
  std::int64_t first_k = 0, packed_K = 0;
  bool goes_on = false;

  /// A single row may lie in pieces, [x (D), 1] and what follows them at `a`.
  const float* x = nullptr;
  std::int64_t D = 0;

  /// Where the rows of panel i lie.
  HWY_INLINE const float* panel(const Panels& panels, std::int64_t i) const {
    return packed + (packed_K > 0 ? packed_K : K) * panels.column(i) + first_k * panels.row_size(i);
  }
};

/// Loads the sums so far of a chain that goes on.
template <class TileType>
HWY_INLINE void begin_tile(
    TileType& tile, const Product& p, std::int64_t row, const Panels& panels, std::int64_t i) {
  if (p.goes_on) {
    with_last_access<typename TileType::Last>(panels.last_columns(i), [&](auto last) HWY_ATTR {
      tile.load(p.c + row * p.ldc + panels.column(i), p.ldc, last);
    });
  }
}

/// c = sums + added, for the rows of c from `row` and the columns of panel i.
template <class TileType>
HWY_INLINE void store_tile(const TileType& tile,
                           const Product& p,
                           std::int64_t row,
                           const Panels& panels,
                           std::int64_t i) {
  const std::int64_t first = panels.column(i), ldc = p.ldc, ld_added = p.ld_added;
  float* c = p.c + row * ldc + first;
  const bool adds = p.added != nullptr;
  const float* added = adds ? p.added + row * ld_added + first : nullptr;
  with_last_access<typename TileType::Last>(panels.last_columns(i), [&](auto last) HWY_ATTR {
    tile.each(last, [=](int r, int column, auto sum, auto access) HWY_ATTR {
      if (adds) {
        sum = hn::Add(sum, access.load(added + r * ld_added + column));
      }
      access.store(sum, c + r * ldc + column);
    });
  });
}

constexpr std::int64_t kAheadRows = 8, kLine = 64 / sizeof(float);

/// Floats of a matrix that no cache near a core holds.
constexpr std::int64_t kFarMatrix = 1024 * 1024;

/// What a tile brings near while it multiplies: its share of the panel to come, so many cache lines
/// each kAheadRows rows. Else the first tile of a panel waits for it.
struct Ahead {
  const float* from = nullptr;
  std::int64_t lines = 0;
};

/// The rows of c from `row` and the columns of panel i.
template <class TileType>
HWY_NOINLINE void product_tile(
    const Product& p, std::int64_t row, const Panels& panels, std::int64_t i, const Ahead& ahead) {
  TileType tile;
  begin_tile(tile, p, row, panels, i);
  const std::int64_t size = panels.row_size(i), piece = ahead.lines > 0 ? kAheadRows : p.K;
  const float *a = p.a + row * p.lda, *b = p.panel(panels, i), *next = ahead.from;
  for (std::int64_t k = 0; k < p.K; k += piece) {
    for (std::int64_t line = 0; line < ahead.lines; ++line, next += kLine) {
      __builtin_prefetch(next, 0, 2);  // to the second cache: the first is the tile's
    }
    tile.multiply_add(std::min(piece, p.K - k),
                      a + k,
                      p.lda,
                      1,
                      b + k * size,
                      size,
                      WholeOf<typename TileType::Last>());
  }
  store_tile(tile, p, row, panels, i);
}

/// A row's values in the order of k.
struct RowPiece {
  const float* a;
  std::int64_t K;
};

constexpr float kOne = 1;

HWY_INLINE std::array<RowPiece, 3> row_pieces(const Product& p) {
  if (p.x == nullptr) {
    return {{{p.a, p.K}, {p.a, 0}, {p.a, 0}}};
  }
  return {{{p.x, p.D}, {&kOne, 1}, {p.a, p.K - p.D - 1}}};
}

/// Panel i of a row in pieces.
template <class TileType>
HWY_NOINLINE void product_row_tile(const Product& p, const Panels& panels, std::int64_t i) {
  TileType tile;
  begin_tile(tile, p, 0, panels, i);
  const std::int64_t size = panels.row_size(i);
  const float* b = p.panel(panels, i);
  for (const RowPiece& piece : row_pieces(p)) {
    tile.multiply_add(piece.K, piece.a, 0, 1, b, size, WholeOf<typename TileType::Last>());
    b += piece.K * size;
  }
  store_tile(tile, p, 0, panels, i);
}

constexpr int kRowPanels = 4;

/// One row in kWide panels of 3 vectors and kNarrow of 2 at once: the sums of a single panel would
/// wait for each other. None of the panels has a half vector.
template <int kWide, int kNarrow>
HWY_NOINLINE void product_row(const Product& p, const Panels& panels, std::int64_t first) {
  Tile<1, 3, Floats> wide[kRowPanels];
  Tile<1, 2, Floats> narrow[kRowPanels];
  const float* b[kWide + kNarrow];
#pragma GCC unroll 4
  for (int i = 0; i < kWide + kNarrow; ++i) {
    b[i] = p.panel(panels, first + i);
  }
#pragma GCC unroll 4
  for (int i = 0; i < kWide; ++i) {
    begin_tile(wide[i], p, 0, panels, first + i);
  }
#pragma GCC unroll 4
  for (int i = 0; i < kNarrow; ++i) {
    begin_tile(narrow[i], p, 0, panels, first + kWide + i);
  }
  std::int64_t k = 0;
  for (const RowPiece& piece : row_pieces(p)) {
    for (const float* a = piece.a; a != piece.a + piece.K; ++a, ++k) {
#pragma GCC unroll 4
      for (int i = 0; i < kWide; ++i) {
        wide[i].multiply_add(1, a, 0, 0, b[i] + k * 3 * kLanes, 0, Whole());
      }
#pragma GCC unroll 4
      for (int i = 0; i < kNarrow; ++i) {
        narrow[i].multiply_add(1, a, 0, 0, b[kWide + i] + k * 2 * kLanes, 0, Whole());
      }
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < kWide; ++i) {
    store_tile(wide[i], p, 0, panels, first + i);
  }
#pragma GCC unroll 4
  for (int i = 0; i < kNarrow; ++i) {
    store_tile(narrow[i], p, 0, panels, first + kWide + i);
  }
}

/// Panels [first, last) of one row: the template above.
HWY_INLINE void product_panels(const Product& p,
                               const Panels& panels,
                               std::int64_t first,
                               std::int64_t last) {
  const std::int64_t wide = std::clamp<std::int64_t>(panels.wide() - first, 0, last - first);
  const std::int64_t narrow = last - first - wide;
  switch (4 * wide + narrow) {
    case 4 * 4 + 0:
      return product_row<4, 0>(p, panels, first);
    case 4 * 3 + 1:
      return product_row<3, 1>(p, panels, first);
    case 4 * 2 + 2:
      return product_row<2, 2>(p, panels, first);
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
    default:
      return product_row<0, 2>(p, panels, first);
  }
}

/// The columns of the panels [first, last).
HWY_INLINE void product_of(const Product& p,
                           const Panels& panels,
                           std::int64_t first,
                           std::int64_t last) {
  std::int64_t i = first;
  if (p.M == 1 && panels.width(0) > 1) {
    const std::int64_t whole = last - (panels.has_half(last - 1) ? 1 : 0);
    const Pieces groups(whole - first, kRowPanels);
    for (std::int64_t group = 0; group < groups.count(); ++group) {
      product_panels(p, panels, first + groups.begin(group), first + groups.begin(group + 1));
    }
    i = whole;
  }
  if (p.x != nullptr) {
    for (; i < last; ++i) {
      with_tile<1>(1, panels, i, [&](auto type) HWY_ATTR {
        product_row_tile<typename decltype(type)::Type>(p, panels, i);
      });
    }
    return;
  }
  const Pieces tiles(p.M, kTileRows);
  for (; i < last; ++i) {
    Ahead ahead;
    if (p.K * p.N > kFarMatrix && i + 1 < panels.count()) {
      const std::int64_t lines = kAheadRows * panels.row_size(i + 1) / kLine;
      ahead = {.from = p.panel(panels, i + 1),
               .lines = (lines + tiles.count() - 1) / tiles.count()};
    }
    for (std::int64_t tile = 0; tile < tiles.count(); ++tile) {
      with_tile(tiles.size(tile), panels, i, [&](auto type) HWY_ATTR {
        product_tile<typename decltype(type)::Type>(p, tiles.begin(tile), panels, i, ahead);
      });
      ahead.from += p.K / kAheadRows * ahead.lines * kLine;
    }
  }
}

/// Large ones are shared among threads where these have nothing else to do.
static HWY_NOINLINE void product(const Product& p) {
  const Panels panels(p.N);
  const auto columns = [&](std::int64_t first, std::int64_t last)
                           HWY_ATTR { product_of(p, panels, first, last); };
  // Few rows take as long as four: the matrix is to be read.
  share_work(panels.count(), std::max<std::int64_t>(p.M, 4) * p.K * p.N, columns);
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
