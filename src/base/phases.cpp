// SPDX-License-Identifier: Apache-2.0
#include "base/phases.hpp"

namespace engram {

std::atomic<bool> is_profiling = false;
std::array<std::atomic<std::int64_t>, kPhases> phase_nanoseconds{};

void count_phases(bool is_on) {
  if (is_on) {
    for (auto& time : phase_nanoseconds) {
      time = 0;
    }
  }
  is_profiling = is_on;
}

PhaseTimes phase_times() {
  PhaseTimes times{};
  for (std::size_t i = 0; i < kPhases; ++i) {
    times[i] = phase_nanoseconds[i];
  }
  return times;
}

}  // namespace engram
