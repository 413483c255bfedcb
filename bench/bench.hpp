// SPDX-License-Identifier: Apache-2.0
/// What the benchmarks share: random floats, and the machine's peak beside each figure.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>

#include "base/aligned.hpp"
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

/// Reports GFLOP/s (by the thread's own time, so that others on the machine do not count), and the
/// peaks measured just before: hot fed by loads, cold from registers. The share of each peak is the
/// quotient; report() prints it for the medians.
class Flops {
 public:
  Flops(benchmark::State& state, double flops)
      : state_(state),
        flops_(flops),
        hot_(kernels::fma_peak_gflops(true, 2)),
        cold_(kernels::fma_peak_gflops(false, 2)) {}

  ~Flops() {  // the rate is known when the loop is over
    const double all = flops_ * static_cast<double>(state_.iterations()) * 1e-9;
    using benchmark::Counter;
    state_.counters["GFLOP/s"] = Counter(all, Counter::kIsRate);
    state_.counters["of_hot"] = Counter(all / hot_, Counter::kIsRate);
    state_.counters["of_cold"] = Counter(all / cold_, Counter::kIsRate);
    state_.counters["P_hot"] = hot_;
    state_.counters["P_cold"] = cold_;
  }

  Flops(const Flops&) = delete;
  Flops& operator=(const Flops&) = delete;

 private:
  benchmark::State& state_;
  double flops_, hot_, cold_;
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
