// SPDX-License-Identifier: Apache-2.0
#include "kernels/normalize.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/normalize.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cmath>

#include "kernels/dispatch.hpp"
#include "kernels/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// Sum of the first n values that `value(i, access)` gives; what it gives behind the end must be 0.
template <class Value>
HWY_INLINE float sum_of(std::int64_t n, const Value& value) {
  Vector sum = zero();
  for_each_vector(n,
                  [&](std::int64_t i, auto part) HWY_ATTR { sum = hn::Add(sum, value(i, part)); });
  return hn::GetLane(hn::SumOfLanes(Floats(), sum));
}

void normalize_rows_impl(const float* x,
                         const float* gamma,
                         const float* beta,
                         float epsilon,
                         float* y,
                         float* statistics,
                         std::int64_t M,
                         std::int64_t C,
                         bool is_centered) {
  const float share = 1.0f / static_cast<float>(C);
  for (std::int64_t row = 0; row < M; ++row, x += C, y += C) {
    const float sum =
        sum_of(C, [&](std::int64_t i, auto part) HWY_ATTR { return part.load(x + i); });
    const float mean = is_centered ? share * sum : 0.0f;
    for_each_vector(C, [&](std::int64_t i, auto part) HWY_ATTR {
      part.store(hn::Sub(part.load(x + i), all(mean)), y + i);
    });
    const float square = sum_of(C, [&](std::int64_t i, auto part) HWY_ATTR {
      const Vector v = part.load(y + i);
      return hn::Mul(v, v);
    });
    const float rstd = 1.0f / std::sqrt(square * share + epsilon);
    statistics[2 * row] = mean;
    statistics[2 * row + 1] = rstd;
    for_each_vector(C, [&](std::int64_t i, auto part) HWY_ATTR {
      Vector v = hn::Mul(part.load(y + i), all(rstd));
      v = gamma != nullptr ? hn::Mul(v, part.load(gamma + i)) : v;
      part.store(beta != nullptr ? hn::Add(v, part.load(beta + i)) : v, y + i);
    });
  }
}

void normalize_rows_gradient_impl(const RowGradient& g, std::int64_t M, std::int64_t C) {
  const float share = 1.0f / static_cast<float>(C);
  for (std::int64_t row = 0; row < M; ++row) {
    const float *x = g.x + row * C, *dy = g.dy + row * C;
    const Vector mean = all(g.statistics[2 * row]), rstd = all(g.statistics[2 * row + 1]);
    const auto normal = [&](std::int64_t i, auto part)
                            HWY_ATTR { return hn::Mul(hn::Sub(part.load(x + i), mean), rstd); };
    const auto slope = [&](std::int64_t i, auto part) HWY_ATTR {
      const Vector d = part.load(dy + i);
      return g.gamma != nullptr ? hn::Mul(d, part.load(g.gamma + i)) : d;
    };
    for_each_vector(C, [&](std::int64_t i, auto part) HWY_ATTR {
      const Vector d = part.load(dy + i);
      if (g.dgamma != nullptr) {
        part.store(hn::MulAdd(d, normal(i, part), part.load(g.dgamma + i)), g.dgamma + i);
      }
      if (g.dbeta != nullptr) {
        part.store(hn::Add(d, part.load(g.dbeta + i)), g.dbeta + i);
      }
    });
    if (g.dx == nullptr) {
      continue;
    }
    const float slopes =
        sum_of(C, [&](std::int64_t i, auto part) HWY_ATTR { return slope(i, part); });
    const Vector mean_slope = all(g.is_centered ? share * slopes : 0.0f);
    // slope is 0 behind the end, so that the product is.
    const Vector mean_product = all(share * sum_of(C, [&](std::int64_t i, auto part) HWY_ATTR {
                                      return hn::Mul(slope(i, part), normal(i, part));
                                    }));
    for_each_vector(C, [&](std::int64_t i, auto part) HWY_ATTR {
      const Vector rest = hn::NegMulAdd(normal(i, part), mean_product, slope(i, part));
      part.store(hn::Mul(rstd, hn::Sub(rest, mean_slope)), g.dx + row * C + i);
    });
  }
}

/// 1 / |x|, at most 1e12 as in Keras.
HWY_INLINE float inverse_length(const float* x, std::int64_t C) {
  const float square = sum_of(C, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector v = part.load(x + i);
    return hn::Mul(v, v);
  });
  const float inverse = 1.0f / std::sqrt(square);
  return inverse > 1e12f ? 1e12f : inverse;  // NaN stays NaN
}

void unit_rows_impl(const float* x, float* y, std::int64_t M, std::int64_t C) {
  for (std::int64_t row = 0; row < M; ++row, x += C, y += C) {
    const Vector inverse = all(inverse_length(x, C));
    for_each_vector(C, [&](std::int64_t i, auto part) HWY_ATTR {
      part.store(hn::Mul(part.load(x + i), inverse), y + i);
    });
  }
}

void unit_rows_gradient_impl(
    const float* x, const float* y, const float* dy, float* dx, std::int64_t M, std::int64_t C) {
  for (std::int64_t row = 0; row < M; ++row, x += C, y += C, dy += C, dx += C) {
    const Vector inverse = all(inverse_length(x, C));
    const Vector sum = all(sum_of(C, [&](std::int64_t i, auto part) HWY_ATTR {
      return hn::Mul(part.load(dy + i), part.load(y + i));
    }));
    for_each_vector(C, [&](std::int64_t i, auto part) HWY_ATTR {
      const Vector rest = hn::NegMulAdd(part.load(y + i), sum, part.load(dy + i));
      part.store(hn::Mul(inverse, rest), dx + i);
    });
  }
}

void normalize_columns_impl(const float* x,
                            const float* center,
                            const float* scale,
                            const float* shift,
                            float* y,
                            std::int64_t M,
                            std::int64_t C) {
  for (std::int64_t row = 0; row < M; ++row, x += C, y += C) {
    for_each_vector(C, [&](std::int64_t i, auto part) HWY_ATTR {
      const Vector v = hn::Sub(part.load(x + i), part.load(center + i));
      part.store(hn::MulAdd(v, part.load(scale + i), part.load(shift + i)), y + i);
    });
  }
}

/// Rows of a float32 sum: a matrix of any height loses little.
constexpr std::int64_t kRows = 32;

void column_sums_impl(const ColumnSums& s, float* sums, std::int64_t M, std::int64_t C) {
  for (std::int64_t column = 0; column < C; column += kLanes) {
    const std::int64_t n = std::min(kLanes, C - column);
    double totals[kLanes] = {};
    for (std::int64_t begin = 0; begin < M; begin += kRows) {
      for_each_vector(n, [&](std::int64_t, auto part) HWY_ATTR {
        const Vector center = s.center != nullptr ? part.load(s.center + column) : zero();
        Vector sum = zero();
        for (std::int64_t row = begin; row < std::min(begin + kRows, M); ++row) {
          if (s.mask != nullptr && s.mask[row] == 0) {
            continue;
          }
          const Vector v = hn::Sub(part.load(s.x + row * C + column), center);
          if (s.is_square || s.factor != nullptr) {
            const Vector f = s.is_square ? v : part.load(s.factor + row * C + column);
            sum = hn::MulAdd(v, f, sum);
          } else {
            sum = hn::Add(sum, v);
          }
        }
        HWY_ALIGN float lanes[kLanes];
        hn::Store(sum, Floats(), lanes);
        for (std::int64_t i = 0; i < n; ++i) {
          totals[i] += static_cast<double>(lanes[i]);
        }
      });
    }
    for (std::int64_t i = 0; i < n; ++i) {
      sums[column + i] = static_cast<float>(totals[i] * s.scale);
    }
  }
}

void normalize_columns_gradient_impl(const ColumnGradient& g,
                                     float* dx,
                                     std::int64_t M,
                                     std::int64_t C) {
  for (std::int64_t row = 0; row < M; ++row) {
    const float *x = g.x + row * C, *dy = g.dy + row * C;
    const bool counts = g.mask == nullptr || g.mask[row] != 0;
    for_each_vector(C, [&](std::int64_t i, auto part) HWY_ATTR {
      Vector d = hn::Mul(part.load(g.slope + i), part.load(dy + i));
      if (counts) {
        const Vector v = hn::Sub(part.load(x + i), part.load(g.center + i));
        d = hn::Sub(d, hn::MulAdd(part.load(g.tilt + i), v, part.load(g.offset + i)));
      }
      part.store(d, dx + row * C + i);
    });
  }
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace engram::kernels {

ENGRAM_EXPORT(normalize_rows_impl);
ENGRAM_EXPORT(normalize_rows_gradient_impl);
ENGRAM_EXPORT(unit_rows_impl);
ENGRAM_EXPORT(unit_rows_gradient_impl);
ENGRAM_EXPORT(normalize_columns_impl);
ENGRAM_EXPORT(column_sums_impl);
ENGRAM_EXPORT(normalize_columns_gradient_impl);

void normalize_rows(const float* x,
                    const float* gamma,
                    const float* beta,
                    float epsilon,
                    float* y,
                    float* statistics,
                    std::int64_t M,
                    std::int64_t C,
                    bool is_centered) noexcept {
  ENGRAM_DISPATCH(normalize_rows_impl)(x, gamma, beta, epsilon, y, statistics, M, C, is_centered);
}

void normalize_rows_gradient(const RowGradient& g, std::int64_t M, std::int64_t C) noexcept {
  ENGRAM_DISPATCH(normalize_rows_gradient_impl)(g, M, C);
}

void unit_rows(const float* x, float* y, std::int64_t M, std::int64_t C) noexcept {
  ENGRAM_DISPATCH(unit_rows_impl)(x, y, M, C);
}

void unit_rows_gradient(const float* x,
                        const float* y,
                        const float* dy,
                        float* dx,
                        std::int64_t M,
                        std::int64_t C) noexcept {
  ENGRAM_DISPATCH(unit_rows_gradient_impl)(x, y, dy, dx, M, C);
}

void normalize_columns(const float* x,
                       const float* center,
                       const float* scale,
                       const float* shift,
                       float* y,
                       std::int64_t M,
                       std::int64_t C) noexcept {
  ENGRAM_DISPATCH(normalize_columns_impl)(x, center, scale, shift, y, M, C);
}

void column_sums(const ColumnSums& s, float* sums, std::int64_t M, std::int64_t C) noexcept {
  ENGRAM_DISPATCH(column_sums_impl)(s, sums, M, C);
}

void normalize_columns_gradient(const ColumnGradient& g,
                                float* dx,
                                std::int64_t M,
                                std::int64_t C) noexcept {
  ENGRAM_DISPATCH(normalize_columns_gradient_impl)(g, dx, M, C);
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
