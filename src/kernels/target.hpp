// SPDX-License-Identifier: Apache-2.0
/// The instruction sets that the kernels are compiled for, and the one in use.
#pragma once

#include <string>
#include <vector>

namespace engram::kernels {

/// Names of the targets that this machine can run, best first: "avx512", "avx2", "sse4",
/// "baseline".
std::vector<std::string> simd_targets();

/// The target in use: the best one, or what ENGRAM_SIMD names.
/// Errors: OptionError when ENGRAM_SIMD names none of simd_targets().
std::string simd_target();

/// Lanes of float32 of the target that a kernel really runs on, found by calling one.
int simd_lanes();

/// Uses `name` from now on; for tests and benchmarks. "" goes back to the default.
/// Errors: OptionError when it is none of simd_targets().
void use_simd_target(const std::string& name);

/// Flushes denormals to zero on this thread while it lives, and restores the mode after.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();  // restores the thread's mode
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned saved_;
};

/// Peak float32 FMA rate of the calling thread in GFLOP/s, over about `milliseconds`: 12 or more
/// independent accumulators in registers (cold), or fed by loads from L1 (hot).
double fma_peak_gflops(bool hot, double milliseconds);

}  // namespace engram::kernels
