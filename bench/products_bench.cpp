// SPDX-License-Identifier: Apache-2.0
/// Products of the chapter's LSTM at slices of 16 rows: ours, oneDNN's sgemm, a plain loop.
/// Names: product/LINE/M=rows,K=inner,N=columns, and gradient/... for a^T g with M rows.
#include <algorithm>
#include <vector>

#include "bench.hpp"
#include "kernels/dense.hpp"

#ifdef ENGRAM_HAS_DNNL
#include <dnnl.h>
#endif

namespace engram::bench {
namespace {

struct Shape {
  std::int64_t M, K, N;
};

// Steps of LSTM 1 -> 80 and 80 -> 100, forward and back; then the gradients of their weights.
const std::vector<Shape> kProducts = {
    {16, 82, 320}, {16, 181, 400}, {16, 320, 80}, {16, 400, 100}, {128, 400, 80}};
const std::vector<Shape> kGradients = {{128, 82, 320}, {128, 181, 400}};

std::string name_of(const std::string& line, const Shape& s) {
  return line + "/M=" + std::to_string(s.M) + ",K=" + std::to_string(s.K) +
         ",N=" + std::to_string(s.N);
}

double flops_of(const Shape& s) { return 2.0 * static_cast<double>(s.M * s.K * s.N); }

/// c = a b by the compiler's own means: rows of b times values of a.
void plain_product(const Shape& s, const float* a, const float* b, float* c) {
  for (std::int64_t m = 0; m < s.M; ++m) {
    std::fill_n(c + m * s.N, s.N, 0.0f);
    for (std::int64_t k = 0; k < s.K; ++k) {
      for (std::int64_t n = 0; n < s.N; ++n) {
        c[m * s.N + n] += a[m * s.K + k] * b[k * s.N + n];
      }
    }
  }
}

/// dw = a^T g, likewise.
void plain_gradient(const Shape& s, const float* a, const float* g, float* dw) {
  for (std::int64_t m = 0; m < s.M; ++m) {
    for (std::int64_t k = 0; k < s.K; ++k) {
      for (std::int64_t n = 0; n < s.N; ++n) {
        dw[k * s.N + n] += a[m * s.K + k] * g[m * s.N + n];
      }
    }
  }
}

/// Times call(a, b, c) over matrices of the shape's sizes.
template <class Call>
void time_calls(benchmark::State& state, const Shape& s, bool is_gradient, const Call& call) {
  const AlignedFloats a = random_floats(s.M * s.K);
  const AlignedFloats b = random_floats((is_gradient ? s.M : s.K) * s.N);
  AlignedFloats c((is_gradient ? s.K : s.M) * s.N);
  const Flops flops(state, flops_of(s));
  for (auto _ : state) {
    call(a.data(), b.data(), c.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 4 * (a.size() + b.size() + c.size()));
}

void time_ours(benchmark::State& state, const Shape& s) {
  const AlignedFloats w = random_floats(s.K * s.N);
  AlignedFloats packed(kernels::packed_matrix_floats(s.K, s.N));
  kernels::pack_matrix(w.data(), s.K, s.N, s.N, packed.data());
  time_calls(state, s, false, [&](const float* a, const float*, float* c) {
    kernels::product({.M = s.M,
                      .K = s.K,
                      .N = s.N,
                      .a = a,
                      .lda = s.K,
                      .packed = packed.data(),
                      .c = c,
                      .ldc = s.N});
  });
}

void time_our_gradient(benchmark::State& state, const Shape& s) {
  time_calls(state, s, true, [&](const float* a, const float* g, float* dw) {
    kernels::gradient_product({.M = s.M,
                               .K = s.K,
                               .N = s.N,
                               .a = a,
                               .lda = s.K,
                               .g = g,
                               .ldg = s.N,
                               .dw = dw,
                               .lddw = s.N});
  });
}

template <class Call>
void add(const std::string& line, const Shape& s, const Call& call) {
  benchmark::RegisterBenchmark(name_of(line, s).c_str(),
                               [=](benchmark::State& st) { call(st, s); });
}

void add_all() {
  for (const Shape& s : kProducts) {
    add("product/engram", s, time_ours);
#ifdef ENGRAM_HAS_DNNL
    add("product/onednn", s, [](benchmark::State& state, const Shape& shape) {
      time_calls(state, shape, false, [&](const float* a, const float* b, float* c) {
        const auto& [M, K, N] = shape;
        dnnl_sgemm('N', 'N', M, N, K, 1, a, K, b, N, 0, c, N);
      });
    });
#endif
    add("product/plain", s, [](benchmark::State& state, const Shape& shape) {
      time_calls(state, shape, false, [&](const float* a, const float* b, float* c) {
        plain_product(shape, a, b, c);
      });
    });
  }
  for (const Shape& s : kGradients) {
    add("gradient/engram", s, time_our_gradient);
#ifdef ENGRAM_HAS_DNNL
    add("gradient/onednn", s, [](benchmark::State& state, const Shape& shape) {
      time_calls(state, shape, true, [&](const float* a, const float* g, float* dw) {
        const auto& [M, K, N] = shape;
        dnnl_sgemm('T', 'N', K, N, M, 1, a, K, g, N, 1, dw, N);
      });
    });
#endif
    add("gradient/plain", s, [](benchmark::State& state, const Shape& shape) {
      time_calls(state, shape, true, [&](const float* a, const float* g, float* dw) {
        plain_gradient(shape, a, g, dw);
      });
    });
  }
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) {
  engram::bench::add_all();
  return engram::bench::run(argc, argv);
}
