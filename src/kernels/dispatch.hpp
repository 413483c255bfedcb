// SPDX-License-Identifier: Apache-2.0
/// Calls a kernel on the SIMD target in use. Included by the kernels' sources, after highway.h.
#pragma once

#include <hwy/highway.h>

#include <atomic>

namespace engram::kernels {

extern std::atomic<bool> is_target_chosen;

/// Chooses the target that ENGRAM_SIMD names, or the best one when it names none; the first time
/// only, whichever thread comes first.
void choose_first_target() noexcept;

inline void ensure_target() noexcept {
  if (!is_target_chosen.load(std::memory_order_acquire)) {
    choose_first_target();
  }
}

}  // namespace engram::kernels

#define ENGRAM_DISPATCH(function) (ensure_target(), *HWY_DYNAMIC_DISPATCH(function))
