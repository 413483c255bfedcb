// SPDX-License-Identifier: Apache-2.0
/// One optimizer step: gradients of slices are summed in order, clipped, and applied.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/aligned.hpp"
#include "base/workers.hpp"
#include "engine/network.hpp"
#include "engine/plan.hpp"
#include "parts/optimizer_spec.hpp"

namespace engram {

/// An optimizer at work.
struct OptimizerInUse {
  Optimizer optimizer;
  float learning_rate = 0;         ///< in use; the optimizer's option is where it began
  std::vector<bool> changes = {};  ///< which of Network::weights; of each at most one optimizer
};

/// What a step changes.
struct UpdateTarget {
  std::span<const OptimizerInUse> optimizers;
  std::int64_t batches = 1;              ///< trained so far, this one included
  std::optional<float> loss_scale = {};  ///< times which gradients must be finite
  float* weights = nullptr;
  std::span<AlignedFloats> slots;  ///< as slot_places says
};

/// The penalties of all weights' regularizers, part of the loss (Keras has them whether the layer
/// is trained or not). Adds those of trained weights to `gradient`, laid out as the weights, unless
/// null.
double penalties(const Network& network, const float* weights, float* gradient);

/// An array of the optimizer: in slot `slot`, from the weight's offset on.
struct SlotArray {
  std::size_t slot = 0;
  const NetworkWeight* weight = nullptr;
  Shape shape;
};

/// All of them, in the order of Keras's files.
std::vector<SlotArray> slot_arrays(const Network& network, const OptimizerInUse& used);

/// Puts the averages in place of the weights, when the optimizer keeps them (use_ema).
void take_averages(const Network& network,
                   const OptimizerInUse& used,
                   std::span<const AlignedFloats> slots,
                   float* weights);

class Updater {
 public:
  explicit Updater(const Network& network);

  /// Applies the gradients of `plan`'s last run; or, when they are not finite and there is a
  /// loss_scale, only moves the averages that layers keep, and gives false.
  bool update(const Plan& plan, const UpdateTarget& target, Workers& workers);

  /// The sum of the gradients of `plan`'s last run with those of the regularizers, not clipped,
  /// laid out as the weights.
  std::span<const float> sum(const Plan& plan, const float* weights, Workers& workers);

 private:
  struct Chunk {
    std::int64_t begin = 0, size = 0;
    std::size_t variable = 0;
  };

  /// One batch's part in an update of one optimizer.
  struct Step {
    const UpdateTarget& target;
    const OptimizerInUse& used;
    OptimizerCommon common;
    SlotPlaces places;
    std::int64_t updates = 0;  ///< before this batch
    bool is_last = true;       ///< of the batches of an update
  };

  template <class Task>
  void each(const std::vector<Chunk>& chunks, const Plan& plan, Workers& workers, const Task& task);

  void sum_chunk(const Plan& plan, const Chunk& chunk);
  bool is_finite(float loss_scale, const Plan& plan, Workers& workers);
  void update_chunks(const Plan& plan,
                     const std::vector<Step>& steps,
                     float* weights,
                     bool is_summed,
                     Workers& workers);
  void accumulate(const Chunk& chunk, const Step& step);
  void clip(const Step& step);
  void apply(const Chunk& chunk, const Step& step);
  void move_average(const Chunk& chunk, float momentum, float* weights);
  void average(const Chunk& chunk, const Step& step);

  const Network& network_;
  std::vector<Chunk> chunks_, whole_variables_;
  std::vector<UpdateVariable> variables_;
  AlignedFloats gradient_;
};

}  // namespace engram
