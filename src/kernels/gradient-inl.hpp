// SPDX-License-Identifier: Apache-2.0
/// The gradient of a matrix: dw (K, N) += a (M, K)^T * g (M, N).
#include "kernels/panels-inl.hpp"
#include "kernels/product-inl.hpp"

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

/// kRows rows of dw from row k, kWidth vectors of columns from `column`.
template <int kRows, int kWidth>
HWY_NOINLINE void gradient_tile(const Gradient& p,
                                const GradientRows& rows,
                                std::int64_t k,
                                std::int64_t column,
                                std::int64_t columns) {
  const float* a = p.a + k;
  const float* g = p.g + column;
  const std::int64_t rest = columns - (kWidth - 1) * kLanes;
  const bool is_whole = rest == kLanes;
  const Part part(rest);
  Vector sums[kRows][kWidth];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
    for (int w = 0; w < kWidth; ++w) {
      sums[r][w] = zero();
    }
  }
  const auto run = [&](auto last) HWY_ATTR {
    for (std::int64_t m = 0; m < p.M; ++m, a += p.lda, g += p.ldg) {
      Vector row_of_g[kWidth];
#pragma GCC unroll 3
      for (int w = 0; w < kWidth - 1; ++w) {
        row_of_g[w] = hn::LoadU(Floats(), g + w * kLanes);
      }
      row_of_g[kWidth - 1] = last.load(g + (kWidth - 1) * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const Vector value = all(a[r]);
#pragma GCC unroll 3
        for (int w = 0; w < kWidth; ++w) {
          sums[r][w] = hn::MulAdd(value, row_of_g[w], sums[r][w]);
        }
      }
    }
  };
  if (is_whole) {
    run(Whole());
  } else {
    run(part);
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    float* dw = rows.row(k + r) + column;
#pragma GCC unroll 3
    for (int w = 0; w < kWidth - 1; ++w) {
      hn::StoreU(
          hn::Add(hn::LoadU(Floats(), dw + w * kLanes), sums[r][w]), Floats(), dw + w * kLanes);
    }
    dw += (kWidth - 1) * kLanes;
    const Vector sum = sums[r][kWidth - 1];
    if (is_whole) {
      hn::StoreU(hn::Add(hn::LoadU(Floats(), dw), sum), Floats(), dw);
    } else {
      part.store(hn::Add(part.load(dw), sum), dw);
    }
  }
}

template <int kWidth, int kRows = kTileRows>
HWY_INLINE void gradient_rows(std::int64_t count,
                              const Gradient& p,
                              const GradientRows& rows,
                              std::int64_t k,
                              std::int64_t column,
                              std::int64_t columns) {
  if (count == kRows) {
    gradient_tile<kRows, kWidth>(p, rows, k, column, columns);
  } else if constexpr (kRows > 1) {
    gradient_rows<kWidth, kRows - 1>(count, p, rows, k, column, columns);
  }
}

/// dw += a^T g for the rows of dw that `rows` names.
static HWY_NOINLINE void gradient(const Gradient& p, const GradientRows& rows) {
  const Panels panels(p.N);
  const std::int64_t tiles = (rows.K + kTileRows - 1) / kTileRows;
  for (std::int64_t i = 0; i < panels.count(); ++i) {
    for (std::int64_t tile = 0; tile < tiles; ++tile) {
      const std::int64_t k = rows.K * tile / tiles;
      const std::int64_t count = rows.K * (tile + 1) / tiles - k;
      switch (panels.width(i)) {
        case 3:
          gradient_rows<3>(count, p, rows, k, panels.column(i), panels.columns(i));
          break;
        case 2:
          gradient_rows<2>(count, p, rows, k, panels.column(i), panels.columns(i));
          break;
        default:
          gradient_rows<1>(count, p, rows, k, panels.column(i), panels.columns(i));
      }
    }
  }
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
