// SPDX-License-Identifier: Apache-2.0
/// One optimizer step: gradients of slices are summed in order, clipped, and applied.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned.hpp"
#include "base/workers.hpp"
#include "engine/network.hpp"
#include "engine/plan.hpp"
#include "parts/optimizer_spec.hpp"

namespace engram {

/// What a step changes.
struct UpdateTarget {
  const Optimizer* optimizer = nullptr;
  float learning_rate = 0;
  std::int64_t iteration = 1;  ///< this step included
  float* weights = nullptr;
  std::span<AlignedFloats> slots;
};

class Updater {
 public:
  explicit Updater(const Network& network);

  /// Applies the gradients of `plan`'s last run.
  void update(const Plan& plan, const UpdateTarget& target, Workers& workers);

  /// The sum of the gradients of `plan`'s last run, not clipped, laid out as the weights.
  std::span<const float> sum(const Plan& plan, Workers& workers);

 private:
  struct Chunk {
    std::int64_t begin = 0, size = 0;
    std::size_t variable = 0;
  };

  void sum_chunk(const Plan& plan, const Chunk& chunk);
  void clip(const Clipping& clipping);
  void apply(const Chunk& chunk, const UpdateTarget& target);

  const Network& network_;
  std::vector<Chunk> chunks_;
  AlignedFloats gradient_;
};

}  // namespace engram
