// SPDX-License-Identifier: Apache-2.0
/// One kernel's work, cut among the threads that SharedKernels lends to its caller.
#pragma once

#include <cstdint>
#include <functional>

#include "base/workers.hpp"
#include "kernels/target.hpp"

namespace engram::kernels {

/// Below so many multiply-adds, some 8 microseconds of one core, another thread gains little:
/// handing over work and waiting for it takes about one microsecond.
constexpr std::int64_t kLeastShared = 1'000'000;

/// Calls act(first, last) for all of [0, n), in one piece or in pieces on several threads; `work`
/// is the multiply-adds of all. Pieces must not depend on each other.
template <class Act>
void share_work(std::int64_t n, std::int64_t work, const Act& act) {
  Workers* workers = work < kLeastShared ? nullptr : SharedKernels::workers();
  if (workers == nullptr || n < 2) {
    act(0, n);
    return;
  }
  const std::int64_t pieces = std::min<std::int64_t>(workers->count(), n);
  const auto piece = [&](std::int64_t i, int) {
    const FlushDenormals flush;
    act(n * i / pieces, n * (i + 1) / pieces);
  };
  workers->run(pieces, std::ref(piece));
}

}  // namespace engram::kernels
