// SPDX-License-Identifier: Apache-2.0
#include "kernels/dense.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dense.cpp"
#include <hwy/foreach_target.h>

#include "kernels/dispatch.hpp"
#include "kernels/gradient-inl.hpp"
#include "kernels/product-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

void pack_matrix_impl(
    const float* w, std::int64_t K, std::int64_t N, std::int64_t ldw, float* packed) {
  const Panels panels(N);
  for (std::int64_t i = 0; i < panels.count(); ++i) {
    pack_rows(panels, i, K, 0, K, w, ldw, packed);
  }
}

void pack_transposed_impl(
    const float* w, std::int64_t K, std::int64_t N, std::int64_t ldw, float* packed) {
  const Panels panels(N);
  for (std::int64_t i = 0; i < panels.count(); ++i) {
    pack_columns(panels, i, K, 0, K, w, ldw, packed);
  }
}

void product_impl(const MatrixProduct& p) {
  product({.M = p.M,
           .K = p.K,
           .N = p.N,
           .a = p.a,
           .lda = p.lda,
           .packed = p.packed,
           .c = p.c,
           .ldc = p.ldc,
           .added = p.bias});
}

void gradient_product_impl(const GradientProduct& p) {
  const Gradient g = {.M = p.M, .N = p.N, .a = p.a, .lda = p.lda, .g = p.g, .ldg = p.ldg};
  gradient(g, {.K = p.K, .D = p.K, .x = p.dw, .ld = p.lddw});
  if (p.dbias != nullptr) {
    add_rows(g, p.dbias);
  }
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "base/aligned.hpp"
#include "base/phases.hpp"

namespace engram::kernels {

ENGRAM_EXPORT(pack_matrix_impl);
ENGRAM_EXPORT(pack_transposed_impl);
ENGRAM_EXPORT(product_impl);
ENGRAM_EXPORT(gradient_product_impl);

std::int64_t packed_matrix_floats(std::int64_t K, std::int64_t N) { return K * aligned_floats(N); }

void pack_matrix(
    const float* w, std::int64_t K, std::int64_t N, std::int64_t ldw, float* packed) noexcept {
  ENGRAM_DISPATCH(pack_matrix_impl)(w, K, N, ldw, packed);
}

void pack_transposed(
    const float* w, std::int64_t K, std::int64_t N, std::int64_t ldw, float* packed) noexcept {
  ENGRAM_DISPATCH(pack_transposed_impl)(w, K, N, ldw, packed);
}

void product(const MatrixProduct& p) noexcept {
  const PhaseTimer timer(Phase::products);
  ENGRAM_DISPATCH(product_impl)(p);
}

void gradient_product(const GradientProduct& p) noexcept {
  const PhaseTimer timer(Phase::gradients);
  ENGRAM_DISPATCH(gradient_product_impl)(p);
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
