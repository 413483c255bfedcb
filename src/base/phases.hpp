// SPDX-License-Identifier: Apache-2.0
/// Where time goes: counters that cost a load and a branch as long as nobody asks.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace engram {

enum class Phase {
  data,
  products,
  pointwise,
  dropout,
  gradients,
  loss,
  optimizer,
  packing,
  waiting
};

constexpr std::size_t kPhases = 9;

/// Nanoseconds that all threads together spent in each phase since profiling was turned on.
using PhaseTimes = std::array<std::int64_t, kPhases>;

/// Begins (from zero) or ends counting.
void count_phases(bool is_on);
PhaseTimes phase_times();

extern std::atomic<bool> is_profiling;
extern std::array<std::atomic<std::int64_t>, kPhases> phase_nanoseconds;

/// Counts the time of a scope. Phases are not nested: an inner one would count twice.
class PhaseTimer {
 public:
  explicit PhaseTimer(Phase phase)
      : phase_(phase), is_on_(is_profiling.load(std::memory_order_relaxed)) {
    if (is_on_) {
      start_ = Clock::now();
    }
  }

  ~PhaseTimer() {  // the scope's end
    if (is_on_) {
      const auto time = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_);
      phase_nanoseconds[static_cast<std::size_t>(phase_)].fetch_add(time.count(),
                                                                    std::memory_order_relaxed);
    }
  }

  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  Phase phase_;
  bool is_on_;
  Clock::time_point start_;
};

}  // namespace engram
