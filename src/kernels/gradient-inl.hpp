// SPDX-License-Identifier: Apache-2.0
/// The gradient of a matrix: dw (K, N) += a (M, K)^T * g (M, N).
#include <hwy/cache_control.h>

#include "kernels/share_work.hpp"
#include "kernels/tile-inl.hpp"

#if defined(ENGRAM_KERNELS_GRADIENT_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_GRADIENT_INL_HPP_
#undef ENGRAM_KERNELS_GRADIENT_INL_HPP_
#else
#define ENGRAM_KERNELS_GRADIENT_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

struct Gradient {
  std::int64_t M, N;
  const float* a;
  std::int64_t lda;
  const float* g;
  std::int64_t ldg;
};

/// Where the K rows of dw lie: D in x, then one, the others in h. For a plain matrix D = K.
struct GradientRows {
  std::int64_t K, D;
  float* x;
  float* one = nullptr;
  float* h = nullptr;
  std::int64_t ld = 0;  ///< row stride of x and h

  HWY_INLINE float* row(std::int64_t k) const {
    return k < D ? x + k * ld : (k == D ? one : h + (k - D - 1) * ld);
  }
};

/// The rows of dw from row k, the columns of panel i.
template <class TileType>
HWY_NOINLINE void gradient_tile(const Gradient& p,
                                const GradientRows& rows,
                                std::int64_t k,
                                const Panels& panels,
                                std::int64_t i) {
  const std::int64_t first = panels.column(i);
  with_last_access<typename TileType::Last>(panels.last_columns(i), [&](auto last) HWY_ATTR {
    TileType tile;
    // dw may be far away: it is fetched while the sums grow.
    tile.each(last, [&](int r, int column, auto, auto) HWY_ATTR {
      hwy::Prefetch(rows.row(k + r) + first + column);
    });
    tile.multiply_add(p.M, p.a + k, 1, p.lda, p.g + first, p.ldg, last);
    const GradientRows to = rows;  // a copy that the stores cannot change
    tile.each(last, [&](int r, int column, auto sum, auto access) HWY_ATTR {
      float* dw = to.row(k + r) + first + column;
      access.store(hn::Add(access.load(dw), sum), dw);
    });
  });
}

/// dw += a^T g for the rows of dw that `rows` names.
static HWY_NOINLINE void gradient(const Gradient& p, const GradientRows& rows) {
  const Panels panels(p.N);
  const Pieces tiles(rows.K, kTileRows);
  const auto act = [&](std::int64_t first, std::int64_t last) HWY_ATTR {
    for (std::int64_t i = first; i < last; ++i) {
      for (std::int64_t tile = 0; tile < tiles.count(); ++tile) {
        with_tile(tiles.size(tile), panels, i, [&](auto type) HWY_ATTR {
          gradient_tile<typename decltype(type)::Type>(p, rows, tiles.begin(tile), panels, i);
        });
      }
    }
  };
  share_work(panels.count(), p.M * rows.K * p.N, act);
}

/// sum (N) += the sum of g's rows.
HWY_INLINE void add_rows(const Gradient& p, float* sum) {
  for_each_vector(p.N, [&](std::int64_t n, auto part) HWY_ATTR {
    Vector s = zero();
    for (std::int64_t m = 0; m < p.M; ++m) {
      s = hn::Add(s, part.load(p.g + m * p.ldg + n));
    }
    part.store(hn::Add(part.load(sum + n), s), sum + n);
  });
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
