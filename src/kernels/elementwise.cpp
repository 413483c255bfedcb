// SPDX-License-Identifier: Apache-2.0
#include "kernels/elementwise.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise.cpp"
#include <hwy/foreach_target.h>

#include <cmath>

#include "kernels/dispatch.hpp"
#include "kernels/functions-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

void apply_impl(Function f, const float* x, float* y, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector v = part.load(x + i);
    part.store(f == Function::sigmoid ? accurate_sigmoid(v) : value_of(f, v), y + i);
  });
}

void apply_gradient_impl(
    Function f, const float* kept, const float* dy, float* dx, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    part.store(hn::Mul(part.load(dy + i), slope_of(f, part.load(kept + i))), dx + i);
  });
}

/// Sum of the first n values that `value(i, access)` gives.
template <class Value>
HWY_INLINE float sum_of(std::int64_t n, const Value& value) {
  Vector sum = zero();
  for_each_vector(n,
                  [&](std::int64_t i, auto part) HWY_ATTR { sum = hn::Add(sum, value(i, part)); });
  return hn::GetLane(hn::SumOfLanes(Floats(), sum));
}

void softmax_impl(const float* x, float* y, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t row = 0; row < rows; ++row, x += columns, y += columns) {
    float largest = x[0];
    for (std::int64_t i = 1; i < columns; ++i) {
      largest = x[i] > largest ? x[i] : largest;
    }
    // What a Part loads behind the end is 0 there, and must not reach the sum.
    for_each_vector(columns, [&](std::int64_t i, auto part) HWY_ATTR {
      part.store(exponential(hn::Sub(part.load(x + i), all(largest))), y + i);
    });
    const float sum =
        sum_of(columns, [&](std::int64_t i, auto part) HWY_ATTR { return part.load(y + i); });
    const Vector share = all(1.0f / sum);
    for_each_vector(columns, [&](std::int64_t i, auto part) HWY_ATTR {
      part.store(hn::Mul(part.load(y + i), share), y + i);
    });
  }
}

void softmax_gradient_impl(
    const float* y, const float* dy, float* dx, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t row = 0; row < rows; ++row, y += columns, dy += columns, dx += columns) {
    const Vector sum = all(sum_of(columns, [&](std::int64_t i, auto part) HWY_ATTR {
      return hn::Mul(part.load(dy + i), part.load(y + i));
    }));
    for_each_vector(columns, [&](std::int64_t i, auto part) HWY_ATTR {
      part.store(hn::Mul(part.load(y + i), hn::Sub(part.load(dy + i), sum)), dx + i);
    });
  }
}

void log_softmax_impl(const float* x, float* y, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t row = 0; row < rows; ++row, x += columns, y += columns) {
    float largest = x[0];
    for (std::int64_t i = 1; i < columns; ++i) {
      largest = x[i] > largest ? x[i] : largest;
    }
    float sum = 0;
    for_each_vector(columns, [&](std::int64_t i, auto part) HWY_ATTR {
      part.store(hn::Sub(part.load(x + i), all(largest)), y + i);
    });
    for (std::int64_t i = 0; i < columns; ++i) {
      sum += std::exp(y[i]);
    }
    const Vector logarithm = all(std::log(sum));
    for_each_vector(columns, [&](std::int64_t i, auto part) HWY_ATTR {
      part.store(hn::Sub(part.load(y + i), logarithm), y + i);
    });
  }
}

void log_softmax_gradient_impl(
    const float* y, const float* dy, float* dx, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t row = 0; row < rows; ++row, y += columns, dy += columns, dx += columns) {
    const Vector sum =
        all(sum_of(columns, [&](std::int64_t i, auto part) HWY_ATTR { return part.load(dy + i); }));
    for_each_vector(columns, [&](std::int64_t i, auto part) HWY_ATTR {
      const Vector share = exponential(part.load(y + i));
      part.store(hn::NegMulAdd(share, sum, part.load(dy + i)), dx + i);
    });
  }
}

void multiply_impl(const float* a, const float* b, float* y, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    part.store(hn::Mul(part.load(a + i), part.load(b + i)), y + i);
  });
}

void add_impl(const float* x, float* y, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    part.store(hn::Add(part.load(y + i), part.load(x + i)), y + i);
  });
}

void sum_arrays_impl(const float* const* sources, std::int64_t count, float* sum, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    Vector s = part.load(sources[0] + i);
    for (std::int64_t source = 1; source < count; ++source) {
      s = hn::Add(s, part.load(sources[source] + i));
    }
    part.store(s, sum + i);
  });
}

void scale_impl(float* x, float factor, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    part.store(hn::Mul(part.load(x + i), all(factor)), x + i);
  });
}

void clip_impl(float* x, float low, float high, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    part.store(clamp(low, part.load(x + i), high), x + i);
  });
}

/// Sixteen sums, of the elements i mod 16: the same on any target. A square, or a magnitude, is
/// exact in float64.
template <bool kSquares>
HWY_INLINE double sum_of_sizes(const float* x, std::int64_t n) {
  constexpr std::int64_t kSums = 16;
  double sums[kSums] = {};
  const hn::CappedTag<double, 8> d;
  const hn::Rebind<float, decltype(d)> half;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + kSums <= n; i += kSums) {
    for (std::int64_t j = 0; j < kSums; j += lanes) {
      const auto v = hn::PromoteTo(d, hn::LoadU(half, x + i + j));
      const auto sum = hn::LoadU(d, sums + j);
      hn::StoreU(kSquares ? hn::MulAdd(v, v, sum) : hn::Add(hn::Abs(v), sum), d, sums + j);
    }
  }
  for (std::int64_t j = 0; i < n; ++i, ++j) {
    const auto v = static_cast<double>(x[i]);
    sums[j] += kSquares ? v * v : std::abs(v);
  }
  for (std::int64_t j = kSums / 2; j > 0; j /= 2) {
    for (std::int64_t k = 0; k < j; ++k) {
      sums[k] += sums[k + j];
    }
  }
  return sums[0];
}

double sum_of_squares_impl(const float* x, std::int64_t n) { return sum_of_sizes<true>(x, n); }

double sum_of_magnitudes_impl(const float* x, std::int64_t n) { return sum_of_sizes<false>(x, n); }

void add_l1_l2_gradient_impl(const float* x, float l1, float l2, float* gradient, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector v = part.load(x + i);
    const Vector sign = hn::IfThenElseZero(hn::Ne(v, zero()), hn::CopySign(all(l1), v));
    const Vector slope = hn::MulAdd(all(2 * l2), v, sign);
    part.store(hn::Add(part.load(gradient + i), slope), gradient + i);
  });
}

bool all_finite_impl(const float* x, std::int64_t n) {
  bool is_finite = true;
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector size = hn::Abs(part.load(x + i));
    is_finite &= hn::AllTrue(Floats(), hn::Lt(size, hn::Inf(Floats())));
  });
  return is_finite;
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <cassert>

namespace engram::kernels {

ENGRAM_EXPORT(apply_impl);
ENGRAM_EXPORT(apply_gradient_impl);
ENGRAM_EXPORT(softmax_impl);
ENGRAM_EXPORT(log_softmax_impl);
ENGRAM_EXPORT(log_softmax_gradient_impl);
ENGRAM_EXPORT(softmax_gradient_impl);
ENGRAM_EXPORT(multiply_impl);
ENGRAM_EXPORT(add_impl);
ENGRAM_EXPORT(sum_arrays_impl);
ENGRAM_EXPORT(scale_impl);
ENGRAM_EXPORT(clip_impl);
ENGRAM_EXPORT(sum_of_squares_impl);
ENGRAM_EXPORT(sum_of_magnitudes_impl);
ENGRAM_EXPORT(add_l1_l2_gradient_impl);
ENGRAM_EXPORT(all_finite_impl);

void apply(Function f, const float* x, float* y, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(apply_impl)(f, x, y, n);
}

void apply_gradient(
    Function f, const float* kept, const float* dy, float* dx, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(apply_gradient_impl)(f, kept, dy, dx, n);
}

void softmax(const float* x, float* y, std::int64_t rows, std::int64_t columns) noexcept {
  ENGRAM_DISPATCH(softmax_impl)(x, y, rows, columns);
}

void softmax_gradient(
    const float* y, const float* dy, float* dx, std::int64_t rows, std::int64_t columns) noexcept {
  ENGRAM_DISPATCH(softmax_gradient_impl)(y, dy, dx, rows, columns);
}

void log_softmax(const float* x, float* y, std::int64_t rows, std::int64_t columns) noexcept {
  ENGRAM_DISPATCH(log_softmax_impl)(x, y, rows, columns);
}

void log_softmax_gradient(
    const float* y, const float* dy, float* dx, std::int64_t rows, std::int64_t columns) noexcept {
  ENGRAM_DISPATCH(log_softmax_gradient_impl)(y, dy, dx, rows, columns);
}

void multiply(const float* a, const float* b, float* y, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(multiply_impl)(a, b, y, n);
}

void add(const float* x, float* y, std::int64_t n) noexcept { ENGRAM_DISPATCH(add_impl)(x, y, n); }

void sum_arrays(const float* const* sources,
                std::int64_t count,
                float* sum,
                std::int64_t n) noexcept {
  assert(count >= 1);
  ENGRAM_DISPATCH(sum_arrays_impl)(sources, count, sum, n);
}

void scale(float* x, float factor, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(scale_impl)(x, factor, n);
}

void clip(float* x, float low, float high, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(clip_impl)(x, low, high, n);
}

double sum_of_squares(const float* x, std::int64_t n) noexcept {
  return ENGRAM_DISPATCH(sum_of_squares_impl)(x, n);
}

double sum_of_magnitudes(const float* x, std::int64_t n) noexcept {
  return ENGRAM_DISPATCH(sum_of_magnitudes_impl)(x, n);
}

void add_l1_l2_gradient(
    const float* x, float l1, float l2, float* gradient, std::int64_t n) noexcept {
  ENGRAM_DISPATCH(add_l1_l2_gradient_impl)(x, l1, l2, gradient, n);
}

bool all_finite(const float* x, std::int64_t n) noexcept {
  return ENGRAM_DISPATCH(all_finite_impl)(x, n);
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
