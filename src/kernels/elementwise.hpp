// SPDX-License-Identifier: Apache-2.0
/// Passes over arrays: functions and their derivatives, softmax, dropout, sums, clipping.
#pragma once

#include <cstdint>

#include "kernels/recurrent.hpp"  // Function

namespace engram::kernels {

/// y = f(x); may be in place. The form for outputs: sigmoid within 4 ulp relative (exp form).
void apply(Function f, const float* x, float* y, std::int64_t n) noexcept;

/// dx = dy * f'(x), from x if keeps_input(f), else from the result y = f(x); may be in place.
void apply_gradient(
    Function f, const float* kept, const float* dy, float* dx, std::int64_t n) noexcept;

/// Softmax over each of `rows` rows of `columns` values; may be in place.
void softmax(const float* x, float* y, std::int64_t rows, std::int64_t columns) noexcept;

/// dx = y * (dy - sum(dy * y)) a row.
void softmax_gradient(
    const float* y, const float* dy, float* dx, std::int64_t rows, std::int64_t columns) noexcept;

/// Its logarithm, and dx = dy - exp(y) sum(dy) a row.
void log_softmax(const float* x, float* y, std::int64_t rows, std::int64_t columns) noexcept;
void log_softmax_gradient(
    const float* y, const float* dy, float* dx, std::int64_t rows, std::int64_t columns) noexcept;

/// Names one stream of dropout numbers: what a factor depends on, and nothing else does.
struct DropoutKey {
  std::uint64_t seed = 0;
  std::uint64_t step = 0;   ///< batches trained so far
  std::uint32_t layer = 0;  ///< position of the layer in the model
  std::uint32_t row = 0;    ///< row of the minibatch, not of the slice
};

/// factors[0..n) = 0 with probability `rate`, else 1 / (1 - rate). Philox 4x32-10 keyed by `key`.
/// Element i's value does not depend on n or on the SIMD target. `first` is i of factors[0] and
/// must be a multiple of 4.
void dropout_factors(float* factors,
                     std::int64_t n,
                     float rate,
                     const DropoutKey& key,
                     std::int64_t first = 0) noexcept;

/// y = a * b elementwise; may be in place.
void multiply(const float* a, const float* b, float* y, std::int64_t n) noexcept;

/// y += x.
void add(const float* x, float* y, std::int64_t n) noexcept;

/// sum = sources[0] + sources[1] + ..., in that order, over [0, n).
void sum_arrays(const float* const* sources,
                std::int64_t count,
                float* sum,
                std::int64_t n) noexcept;

/// x *= factor.
void scale(float* x, float factor, std::int64_t n) noexcept;

/// x = min(max(x, low), high); NaN stays NaN.
void clip(float* x, float low, float high, std::int64_t n) noexcept;

/// Sum of squares in float64, in an order that depends on n only (not on the target's lanes).
double sum_of_squares(const float* x, std::int64_t n) noexcept;

/// Likewise the sum of |x|.
double sum_of_magnitudes(const float* x, std::int64_t n) noexcept;

/// gradient += l1 sign(x) + 2 l2 x, with sign(0) = 0.
void add_l1_l2_gradient(
    const float* x, float l1, float l2, float* gradient, std::int64_t n) noexcept;

/// True when every value is finite.
bool all_finite(const float* x, std::int64_t n) noexcept;

}  // namespace engram::kernels
