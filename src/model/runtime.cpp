// SPDX-License-Identifier: Apache-2.0
#include "engram/runtime.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "base/phases.hpp"
#include "base/workers.hpp"
#include "kernels/target.hpp"
#include "model/runtime_state.hpp"

namespace engram {

namespace {

int first_threads() {
  const char* text = std::getenv("ENGRAM_THREADS");
  if (text == nullptr || *text == '\0') {
    return 0;
  }
  const std::string_view digits = text;
  int count = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (failure != std::errc() || end != digits.data() + digits.size() || count < 0) {
    throw error<OptionError>({.where = "environment variable ENGRAM_THREADS",
                              .expected = "a number of threads, 0 or more",
                              .got = in_quotes(digits)});
  }
  return count;
}

std::atomic<int>& threads_setting() {
  static std::atomic<int> setting = first_threads();
  return setting;
}

std::atomic<std::uint64_t> seed_setting{0};
std::atomic<std::uint64_t> models_made{0};

}  // namespace

std::string version() { return ENGRAM_VERSION; }

void set_threads(int threads) {
  if (threads < 0 || threads > 1024) {
    throw error<OptionError>({.where = "set_threads",
                              .expected = "threads in [0, 1024]",
                              .got = std::to_string(threads)});
  }
  threads_setting() = threads;
}

int threads() {
  const int setting = threads_setting();
  return setting == 0 ? available_processors() : setting;
}

void set_random_seed(std::uint64_t seed) {
  seed_setting = seed;
  models_made = 0;
}

std::uint64_t random_seed() { return seed_setting; }

std::uint64_t next_model_seed() { return seed_setting + 0x9e3779b97f4a7c15ull * models_made++; }

std::string simd_target() { return kernels::simd_target(); }

std::vector<std::string> simd_targets() { return kernels::simd_targets(); }

void set_profiling(bool is_on) { count_phases(is_on); }

std::vector<PhaseSeconds> profile() {
  constexpr std::array<const char*, kPhases> kNames = {"data",
                                                       "products",
                                                       "pointwise",
                                                       "dropout",
                                                       "gradients",
                                                       "loss",
                                                       "optimizer",
                                                       "packing",
                                                       "waiting"};
  const PhaseTimes times = phase_times();
  std::vector<PhaseSeconds> phases;
  for (std::size_t i = 0; i < kPhases; ++i) {
    phases.push_back({kNames[i], 1e-9 * static_cast<double>(times[i])});
  }
  return phases;
}

FmaPeak fma_peak(int threads, double milliseconds) {
  const auto measure = [&](bool hot) {
    std::vector<double> rates(static_cast<std::size_t>(std::max(1, threads)));
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < rates.size(); ++i) {
      others.emplace_back([&, i] { rates[i] = kernels::fma_peak_gflops(hot, milliseconds); });
    }
    rates[0] = kernels::fma_peak_gflops(hot, milliseconds);
    for (std::thread& other : others) {
      other.join();
    }
    double sum = 0;
    for (const double rate : rates) {
      sum += rate;
    }
    return sum;
  };
  FmaPeak peak;
  peak.cold = measure(false);
  peak.hot = measure(true);
  return peak;
}

}  // namespace engram
