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
#include <string>
#include <utility>
#include <vector>

#include "base/aligned.hpp"
#include "base/workers.hpp"
#include "engine/judgement.hpp"
#include "engine/network.hpp"

namespace engram {

/// What a plan is built for.
struct PlanKey {
  std::vector<Shape> inputs;  ///< samples' shapes, no -1
  std::int64_t rows = 0;      ///< most rows of a batch
  bool is_training = false;
  bool is_judged = false;   ///< a loss follows; always so when training
  bool has_states = false;  ///< for Plan::step: one time step, states carried from call to call
  std::vector<bool> has_lengths = {};  ///< of the inputs: whether they come with lengths; empty: no

  bool operator==(const PlanKey&) const = default;
};

/// Rows of arrays that make up a batch.
struct Batch {
  std::span<const RowsView> x;          ///< all samples, for each input
  std::span<const RowsView> y;          ///< all targets, for each output, or none
  std::span<const std::int64_t> order;  ///< rows of x and y that the batch takes
  std::span<const std::int64_t> next;   ///< rows of the batch to come, or none
  std::span<float* const> predicted;    ///< (samples, output) for each output, or none
  float* states = nullptr;  ///< of stateful layers, NetworkNode::carried each; null: none
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

  /// A sample's shape of output `i`.
  const Shape& output_shape(std::size_t i = 0) const { return shapes_.of(network_.outputs[i]); }

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
  static std::span<const float> step(Steps& steps, const float* x);

 private:
  static constexpr std::int64_t kNowhere = -1;

  /// An array of a signal: places in an arena.
  struct Place {
    std::int64_t size = 0;  ///< floats of a sample
    std::int64_t value = kNowhere, gradient = kNowhere;
    bool is_used = false;          ///< somebody gives a gradient
    std::int64_t mask = kNowhere;  ///< of an input with lengths
  };

  /// A share of a gradient, made apart because another consumer's is there already.
  struct Share {
    std::int64_t from = 0, to = 0, size = 0;
  };

  struct Node {
    const NetworkNode* node = nullptr;
    std::unique_ptr<LayerPlan> plan;  ///< null for an identity
    std::uint32_t position = 0;       ///< among the layers that are no Input
    bool needs_gradient = false, has_mask = false, makes_mask = false, ignores_mask = false;
    bool is_penalized = false;          ///< the outputs, or parts of them, have penalties
    bool has_lengths = false;           ///< its mask comes of lengths that the model is given
    std::vector<Port> inputs;           ///< where they come from, past identities
    std::vector<std::size_t> unmasked;  ///< inputs whose masks do not count
    std::vector<Place> outputs;
    std::vector<std::int64_t> input_gradients;  ///< places in an arena
    std::vector<Share> shares;                  ///< to add after the backward pass
    std::int64_t packed = 0, states = 0;
    std::int64_t workspace = 0, mask = 0;  ///< places in an arena
  };

  /// What is predicted and judged.
  struct Output {
    Port port;  ///< past identities
    bool uses_logits = false;
    std::int64_t logits = kNowhere, gradient = kNowhere;  ///< places in an arena
    std::optional<Share> share;
  };

  /// Arrays of one worker: signals and workspaces of a slice.
  struct Arena {
    AlignedFloats floats;
    std::vector<std::uint8_t> masks;
    std::vector<std::vector<Signal>> outputs;  ///< of the nodes
    std::vector<std::vector<Signal>> inputs;   ///< of the nodes
    std::vector<float> target;                 ///< of the slice's rows
    std::vector<float> mask, weight, both;     ///< as RowWeights
  };

  /// Factors of a slice's rows, null for 1 each: of the output's mask, of sample weights, of both.
  struct RowWeights {
    const float *mask = nullptr, *sample = nullptr, *both = nullptr;
  };

  using Pointers = std::array<const float*, 64>;  // as many weights as a layer may have

  void add_node(const NetworkNode& node);
  void add_outputs(const Judgement* judgement);
  bool is_input(Port port) const;
  Port source_of(Port port) const;
  bool has_mask(Port port) const;
  void hide_masks(Node& node) const;
  bool has_lengths(Port port) const;
  void place_buffers();
  std::int64_t place_gradient(Port port, std::optional<Share>& share);
  void place_gradients();
  Signal signal_of(Port port, const Arena& arena) const;
  Arena make_arena() const;
  Arena& arena_of(int worker);
  void prepare(std::int64_t slices, int workers);
  SliceRun slice_run(std::size_t i, const Arena& arena, SliceRun run) const;
  void forward(const Arena& arena, SliceRun common, const float* weights) const;
  void backward(const Arena& arena, SliceRun common, const float* weights, float* gradient) const;
  void clear_gradients(const Arena& arena, std::int64_t rows) const;
  void gather(const Arena& arena, const Batch& batch, const SliceRun& common) const;
  void scatter(const Arena& arena, const Batch& batch, const SliceRun& common) const;
  double count(const Arena& arena, std::size_t output, std::int64_t rows) const;
  double losses_of(const Loss& loss, std::size_t output, std::int64_t rows) const;
  BatchFigures judge(Arena& arena,
                     const Batch& batch,
                     const Judgement& judgement,
                     const SliceRun& common,
                     bool has_gradients) const;
  RowWeights weigh(Arena& arena,
                   const Batch& batch,
                   const Judgement& judgement,
                   const SliceRun& common,
                   std::size_t output) const;
  LossRows loss_rows(Arena& arena,
                     const Batch& batch,
                     const Loss& loss,
                     const SliceRun& common,
                     std::size_t output) const;
  static void add_metrics(const OutputJudgement& judged,
                          LossRows rows,
                          const RowWeights& weights,
                          OutputFigures& figures);
  OutputFigures judge_output(Arena& arena,
                             const Batch& batch,
                             const Judgement& judgement,
                             const SliceRun& common,
                             std::size_t output,
                             bool has_gradients) const;
  float scale_of_gradients(const OutputFigures& total,
                           const OutputJudgement& judged,
                           std::int64_t rows) const;
  std::vector<double> count_rows(const Batch& batch,
                                 const Judgement& judgement,
                                 const float* weights,
                                 const BatchNumber& number);
  std::span<const float* const> pointers(const Node& node,
                                         const float* flat,
                                         Pointers& storage) const;

  std::optional<Network> expanded_;  ///< when models are nested
  const Network& network_;
  PlanKey key_;
  NetworkShapes shapes_;
  std::vector<bool> shown_masks_;
  std::vector<Node> nodes_;
  std::vector<Place> inputs_;  ///< of the model, as Network::inputs
  std::vector<Output> outputs_;
  std::int64_t slice_rows_ = 0, flops_ = 0;
  std::int64_t arena_floats_ = 0, arena_masks_ = 0;
  std::vector<double> counts_;  ///< rows of the batch that count, by output, where known before

  std::int64_t state_floats_ = 0;

  AlignedFloats packed_;
  std::vector<std::pair<std::size_t, std::int64_t>> pack_parts_;  ///< nodes, and their parts
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
  std::span<float> input_, output_;  ///< in the arena
  std::vector<Pointers> weights_;    ///< of the turns
  std::vector<Turn> turns_;
};

}  // namespace engram
