// SPDX-License-Identifier: Apache-2.0
/// Calls a kernel on the SIMD target in use. Included by the kernels' sources, after highway.h.
///
/// As HWY_EXPORT and HWY_DYNAMIC_DISPATCH, without Highway's library: that one takes 3 ms at the
/// start of every process to measure a timer.
#pragma once

#include <hwy/highway.h>

#include <atomic>

namespace engram::kernels {

constexpr int kNoTarget = -1;

/// The entry of each function's table that is in use.
extern std::atomic<int> target_entry;

/// Chooses the target that ENGRAM_SIMD names, or the best one when it names none; the first time
/// only, whichever thread comes first.
void choose_first_target() noexcept;

inline int used_target() noexcept {
  if (target_entry.load(std::memory_order_acquire) == kNoTarget) {
    choose_first_target();
  }
  return target_entry.load(std::memory_order_relaxed);
}

/// The entry of a target, a bit of HWY_TARGETS: they stand in the order of their bits, and at last
/// the portable one.
constexpr int entry_of([[maybe_unused]] std::int64_t target) {
#if (HWY_TARGETS & (HWY_TARGETS - 1)) == 0
  return 0;
#else
  if (target == HWY_SCALAR || target == HWY_EMU128) {
    return HWY_MAX_DYNAMIC_TARGETS;
  }
  int bit = 0;
  while ((target >> bit & 1) == 0) {
    ++bit;
  }
  return bit - (HWY_HIGHEST_TARGET_BIT + 1 - HWY_MAX_DYNAMIC_TARGETS);
#endif
}

}  // namespace engram::kernels

#if (HWY_TARGETS & (HWY_TARGETS - 1)) == 0
#define ENGRAM_TARGET_LIST(function) &HWY_STATIC_DISPATCH(function)
#else
#define ENGRAM_TARGET_LIST(function) HWY_CHOOSE_TARGET_LIST(function), HWY_CHOOSE_FALLBACK(function)
#endif

/// The table of a function's targets.
#define ENGRAM_EXPORT(function)                                             \
  constexpr decltype(&HWY_STATIC_DISPATCH(function)) function##_table[] = { \
      ENGRAM_TARGET_LIST(function)}

#define ENGRAM_DISPATCH(function) (*function##_table[used_target()])
