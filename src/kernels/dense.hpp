// SPDX-License-Identifier: Apache-2.0
/// Products with a packed matrix, and the gradient of that matrix.
///
/// Letters: M rows, K inputs, N outputs.
#pragma once

#include <cstdint>

namespace engram::kernels {

/// Floats of a packed (K, N) matrix, for any SIMD target.
std::int64_t packed_matrix_floats(std::int64_t K, std::int64_t N);

/// Packs w (K, N), row-major with row stride ldw.
void pack_matrix(
    const float* w, std::int64_t K, std::int64_t N, std::int64_t ldw, float* packed) noexcept;

/// Packs the transpose of w (N, K): packed is of (K, N).
void pack_transposed(
    const float* w, std::int64_t K, std::int64_t N, std::int64_t ldw, float* packed) noexcept;

/// c (M, N) = a (M, K) * packed (K, N) + bias (N); bias may be null. c must not alias a.
struct MatrixProduct {
  std::int64_t M = 0, K = 0, N = 0;
  const float* a = nullptr;
  std::int64_t lda = 0;
  const float* packed = nullptr;
  const float* bias = nullptr;
  float* c = nullptr;
  std::int64_t ldc = 0;
};

void product(const MatrixProduct& p) noexcept;

/// dw (K, N) += a (M, K)^T * g (M, N);  dbias (N) += column sums of g; dbias may be null.
struct GradientProduct {
  std::int64_t M = 0, K = 0, N = 0;
  const float* a = nullptr;
  std::int64_t lda = 0;
  const float* g = nullptr;
  std::int64_t ldg = 0;
  float* dw = nullptr;
  std::int64_t lddw = 0;
  float* dbias = nullptr;
};

void gradient_product(const GradientProduct& p) noexcept;

}  // namespace engram::kernels
