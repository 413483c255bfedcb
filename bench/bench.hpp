// SPDX-License-Identifier: Apache-2.0
/// What the benchmarks share: random floats, and the machine's peak beside each figure.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

#include "base/aligned.hpp"
#include "engram/runtime.hpp"
#include "engram/tensor.hpp"
#include "kernels/target.hpp"

namespace engram::bench {

/// n values, uniform in [-size, size).
inline AlignedFloats random_floats(std::int64_t n, float size = 1, std::uint32_t seed = 1) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-size, size);
  AlignedFloats values(n);
  for (float& v : values.span()) {
    v = uniform(generator);
  }
  return values;
}

inline Tensor random_tensor(const Shape& shape) {
  Tensor tensor(shape);
  const AlignedFloats values = random_floats(tensor.size());
  std::copy_n(values.data(), tensor.size(), tensor.data());
  return tensor;
}

/// Reports GFLOP/s (by the thread's own time, so that others on the machine do not count, unless
/// the benchmark says UseRealTime), and the peaks of `threads` threads measured just before: hot
/// fed by loads, cold from registers. The share of each peak is the quotient; report() prints it
/// for the medians.
class Flops {
 public:
  Flops(benchmark::State& state, double flops, int threads = 1)
      : state_(state), flops_(flops), peak_(fma_peak(threads, threads == 1 ? 2 : 20)) {}

  ~Flops() {  // the rate is known when the loop is over
    const double all = flops_ * static_cast<double>(state_.iterations()) * 1e-9;
    using benchmark::Counter;
    state_.counters["GFLOP/s"] = Counter(all, Counter::kIsRate);
    state_.counters["of_hot"] = Counter(all / peak_.hot, Counter::kIsRate);
    state_.counters["of_cold"] = Counter(all / peak_.cold, Counter::kIsRate);
    state_.counters["P_hot"] = peak_.hot;
    state_.counters["P_cold"] = peak_.cold;
  }

  Flops(const Flops&) = delete;
  Flops& operator=(const Flops&) = delete;

 private:
  benchmark::State& state_;
  double flops_;
  FmaPeak peak_;
};

/// Runs what was registered, after naming the SIMD target.
inline int run(int argc, char** argv) {
  benchmark::AddCustomContext("simd", kernels::simd_target());
  benchmark::AddCustomContext("compiler", __VERSION__);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 2;
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace engram::bench
