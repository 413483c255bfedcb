// SPDX-License-Identifier: Apache-2.0
/// Calls a kernel on the SIMD target in use. Included by the kernels' sources, after highway.h.
#pragma once

#include <hwy/highway.h>

namespace engram::kernels {

/// Chooses the target that ENGRAM_SIMD names, or the best one when it names none.
void choose_default_target() noexcept;

inline void ensure_target() noexcept {
  if (!hwy::GetChosenTarget().IsInitialized()) {
    choose_default_target();
  }
}

}  // namespace engram::kernels

#define ENGRAM_DISPATCH(function) (ensure_target(), *HWY_DYNAMIC_DISPATCH(function))
