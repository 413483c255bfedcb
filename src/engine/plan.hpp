// SPDX-License-Identifier: Apache-2.0
/// A network made ready for batches of a certain size: slices, arenas, packed weights.
///
/// A minibatch is cut into slices of rows. Their size follows from the network and the batch size,
/// never from the number of threads. A worker takes a slice through the whole network, forward,
/// loss and backward, without waiting for the others; figures and gradients of slices are added up
/// in the order of the slices. So results have the same bits for any number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/aligned.hpp"
#include "base/workers.hpp"
#include "engine/network.hpp"
#include "parts/loss_spec.hpp"
#include "parts/metric_spec.hpp"

namespace engram {

/// What a plan is built for.
struct PlanKey {
  Shape input;            ///< a sample's shape, no -1
  std::int64_t rows = 0;  ///< most rows of a batch
  bool is_training = false;
  bool is_judged = false;   ///< a loss follows; always so when training
  bool has_states = false;  ///< for Plan::step: one time step, states carried from call to call

  bool operator==(const PlanKey&) const = default;
};

/// What predictions are compared with, and how.
struct Judgement {
  const Loss* loss = nullptr;
  std::vector<const MetricSpec*> metrics;  ///< accuracies resolved
  std::int64_t outputs = 1;                ///< values on the last axis of the predictions
};

/// Rows of arrays that make up a batch.
struct Batch {
  const float* x = nullptr;             ///< all samples, row-major
  const float* y = nullptr;             ///< all targets, or null
  std::int64_t target_size = 0;         ///< floats of a target
  std::span<const std::int64_t> order;  ///< rows of x and y that the batch takes
  float* predicted = nullptr;           ///< (order.size(), output), or null
};

/// Sums over a batch, or over many.
struct BatchFigures {
  double loss_sum = 0;  ///< of the losses of rows (a step of a sequence is a row)
  double weight = 0;    ///< rows that counted
  std::vector<double> metric_sums;
  double penalty = 0;  ///< of regularizers, added to the mean loss

  void add(const BatchFigures& other);
};

/// Seed and number of the batch, for dropout.
struct BatchNumber {
  std::uint64_t seed = 0, step = 0;
};

class Plan {
 public:
  /// `judgement` (null: no loss) must be the one that `run` is given.
  /// Errors: ShapeError; OptionError when ENGRAM_SIMD names no target of this machine.
  Plan(const Network& network, const PlanKey& key, const Judgement* judgement);

  const PlanKey& key() const { return key_; }

  const Shape& output_shape() const { return outputs_.back(); }

  std::int64_t bytes(int workers) const;

  /// True when waking other threads costs more than they could gain.
  bool is_small() const;

  /// Lays out changed weights; `version` names their state, an unchanged one costs nothing.
  void pack(const float* weights, std::uint64_t version, Workers& workers);

  std::optional<std::uint64_t> packed_version() const { return packed_version_; }

  /// Takes a batch through the network; gradients follow when the plan is for training.
  BatchFigures run(const Batch& batch,
                   const Judgement* judgement,
                   const float* weights,
                   const BatchNumber& number,
                   Workers& workers);

  /// The gradient arrays (Network::floats each) of the slices of the last run, in order.
  std::span<const float* const> gradients() const { return used_gradients_; }

  /// What gradients are to be multiplied by: 1, or with masks rows / rows that counted.
  float gradient_scale() const { return gradient_scale_; }

  /// The arrays of one sequence that is stepped (or of key().rows together): its signals and the
  /// states of its layers. Many may use one plan at the same time.
  class Steps;

  Steps make_steps(const float* weights) const;

  /// One time step of key().rows rows on the calling thread: x (rows, D); the result is valid until
  /// the next.
  std::span<const float> step(Steps& steps, const float* x) const;

 private:
  struct Node {
    const NetworkNode* node = nullptr;
    std::unique_ptr<LayerPlan> plan;  ///< null for an identity
    bool needs_gradient = false, has_mask = false, makes_mask = false;
    std::int64_t size = 0;  ///< floats of a sample's output
    std::int64_t packed = 0, states = 0;
    std::int64_t value = 0, gradient = 0, workspace = 0, mask = 0;  ///< places in an arena
  };

  /// Arrays of one worker: signals and workspaces of a slice.
  struct Arena {
    AlignedFloats floats;
    std::vector<std::uint8_t> masks;
    Signal input;
    std::vector<Signal> outputs;              ///< of the nodes
    std::vector<std::vector<Signal>> inputs;  ///< of the nodes
    std::vector<float> target, weight;        ///< of the slice's rows
  };

  using Pointers = std::array<const float*, 64>;  // as many weights as a layer may have

  void add_node(const NetworkNode& node, bool keeps_logits);
  void place_buffers();
  Arena make_arena() const;
  Arena& arena_of(int worker);
  void prepare(std::int64_t slices, int workers);
  SliceRun slice_run(std::size_t i, const Arena& arena, std::int64_t rows) const;
  void forward(const Arena& arena, SliceRun common, const float* weights) const;
  void backward(const Arena& arena, SliceRun common, const float* weights, float* gradient) const;
  BatchFigures judge(Arena& arena,
                     const Batch& batch,
                     const Judgement& judgement,
                     const SliceRun& common) const;
  std::span<const float* const> pointers(const Node& node,
                                         const float* flat,
                                         Pointers& storage) const;

  const Network& network_;
  PlanKey key_;
  std::vector<Shape> outputs_;
  std::vector<Node> nodes_;
  std::int64_t slice_rows_ = 0, flops_ = 0;
  std::int64_t arena_floats_ = 0, arena_masks_ = 0, logits_ = 0;
  bool uses_logits_ = false;

  std::int64_t state_floats_ = 0;

  AlignedFloats packed_;
  std::optional<std::uint64_t> packed_version_;
  std::vector<Arena> arenas_;  ///< of the workers, each made on first use
  std::vector<AlignedFloats> slice_gradients_;
  std::vector<const float*> used_gradients_;
  float gradient_scale_ = 1;
};

/// What a step needs is worked out once: small layers take less time than that would.
class Plan::Steps {
 public:
  std::span<float> states() { return states_.span(); }

 private:
  friend class Plan;

  struct Turn {
    const LayerPlan* plan = nullptr;
    SliceRun run;
  };

  Arena arena_;
  AlignedFloats states_;
  std::vector<Pointers> weights_;  ///< of the turns
  std::vector<Turn> turns_;
};

}  // namespace engram
