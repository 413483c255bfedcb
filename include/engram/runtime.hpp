// SPDX-License-Identifier: Apache-2.0
/// Settings of the whole process: threads, seed, instruction set.
///
/// Example: engram::set_threads(2);  engram::set_random_seed(7);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace engram {

/// "0.1.0"
std::string version();

/// Threads used from now on; 0: as many as the process may run on. Results do not depend on it.
/// The environment variable ENGRAM_THREADS gives the first value. Errors: OptionError below 0.
void set_threads(int threads);
int threads();

/// The seed of everything random in models made from now on (default 0, so runs repeat).
void set_random_seed(std::uint64_t seed);
std::uint64_t random_seed();

/// The instruction set in use and those this machine could use, best first.
/// ENGRAM_SIMD (avx512, avx2, sse4, baseline) lowers it. Errors: OptionError when it names none.
std::string simd_target();
std::vector<std::string> simd_targets();

/// Measured float32 FMA peak of `threads` threads in GFLOP/s: from registers (cold), fed by loads
/// (hot).
struct FmaPeak {
  double cold = 0, hot = 0;
};

FmaPeak fma_peak(int threads, double milliseconds = 50);

/// Time that all threads together spent in one kind of work: "data" (gathering rows), "products",
/// "pointwise" (gates and activations), "dropout", "gradients" (of weights and inputs), "loss",
/// "optimizer", "packing" (laying changed weights out), "waiting" (for other threads).
struct PhaseSeconds {
  std::string name;
  double seconds = 0;
};

/// Begins (from zero) or ends counting, for all models of the process; it costs 2 to 3 %.
void set_profiling(bool is_on);
std::vector<PhaseSeconds> profile();

}  // namespace engram
