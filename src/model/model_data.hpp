// SPDX-License-Identifier: Apache-2.0
/// Everything inside a Model: what files hold, and what the engine needs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/aligned.hpp"
#include "base/workers.hpp"
#include "engine/network.hpp"
#include "engine/plan.hpp"
#include "engine/update.hpp"
#include "engram/model.hpp"

namespace engram {

/// LossScaleOptimizer's own part around its inner optimizer, which is in Compiled::optimizers.
struct LossScale {
  LossScaleOptimizer options;
  float scale = 0;              ///< now
  std::int64_t good_steps = 0;  ///< since it changed

  /// After a batch with or without finite gradients.
  void note(bool is_finite);
};

/// What compile() was given, with the optimizer's state.
struct Compiled {
  std::vector<OptimizerInUse> optimizers = {};  ///< one, or all of a MultiOptimizer
  std::optional<MultiOptimizer> multi_optimizer = {};
  Loss loss;
  std::vector<Metric> metrics;
  std::vector<Loss> losses = {};  ///< with the next two: as CompileOptions
  std::vector<float> loss_weights = {};
  std::vector<std::vector<Metric>> output_metrics = {};
  std::vector<Metric> weighted_metrics = {};  ///< with the next: as CompileOptions
  std::vector<std::vector<Metric>> output_weighted_metrics = {};
  std::int64_t iterations = 0;       ///< batches trained, without those that a LossScale skipped
  std::vector<AlignedFloats> slots;  ///< as each optimizer's slot_places says, laid out as the
                                     ///< weights; empty until the model is built
  std::optional<LossScale> loss_scale = {};
};

/// Sums over the batches of an epoch so far.
struct EpochSums {
  double loss_sum = 0, rows = 0;  ///< a batch's loss counts by its rows
  /// For each output: of several, the sum of its batches' losses and the number of batches; then
  /// OutputFigures::metric_sums.
  std::vector<double> metric_sums;
};

/// Where training stands: with the weights and the optimizer's state, all that fit needs to go on
/// as if it had never stopped.
struct TrainingState {
  std::int64_t epoch = 0;                 ///< the epoch to go on in
  std::int64_t batch = 0;                 ///< batches of it that are done
  EpochSums sums;                         ///< of these batches
  std::int64_t rows = 0, batch_size = 0;  ///< of the data, to recognise it
  bool shuffle = true;
  std::vector<std::int64_t> epochs_done;
  std::map<std::string, std::vector<double>> history;
  std::vector<CallbackMemory> callbacks;  ///< in the order of fit's list
  std::vector<float> states = {};         ///< ModelData::states
};

struct ModelData {
  std::string name = "sequential";
  bool is_graph = false;  ///< Keras's Functional, not Sequential
  Network network;
  std::optional<std::vector<Shape>> inputs;  ///< samples' shapes, known when built; -1: any length
  AlignedFloats weights;                     ///< flat, as Network::weights says
  std::optional<std::int64_t> batch_size;    ///< of all batches, where layers are stateful
  std::vector<float> states;                 ///< that stateful layers carry: NetworkNode::carried
                                             ///< for each row; empty before the first batch
  std::uint64_t version = 1;                 ///< of the weights; changes with them
  std::uint64_t seed = 0;
  std::optional<Compiled> compiled;
  std::optional<TrainingState> training;
  bool resume_requested = false;  ///< a callback has put a state to go on from
  bool is_interrupted = false;    ///< fit was stopped from outside with epochs or batches left
  std::map<std::string, std::string> notes;
  std::string compile_problem;    ///< why a file's compile_config could not be used
  std::string optimizer_problem;  ///< why a file's optimizer begins anew

  bool is_built() const { return inputs.has_value(); }

  /// What an output is judged by.
  const Loss& loss_of(std::size_t output) const {
    return compiled->losses.empty() ? compiled->loss : compiled->losses[output];
  }

  const std::vector<Metric>& metrics_of(std::size_t output) const {
    return compiled->output_metrics.empty() ? compiled->metrics : compiled->output_metrics[output];
  }

  const std::vector<Metric>& weighted_metrics_of(std::size_t output) const {
    return compiled->output_weighted_metrics.empty() ? compiled->weighted_metrics
                                                     : compiled->output_weighted_metrics[output];
  }

  // While fit runs: its callbacks, in the order of its list, and its epochs.
  std::vector<Callback*> active_callbacks;
  std::int64_t epochs = 0;

  // What the engine keeps between batches.
  std::unique_ptr<Workers> workers;
  std::vector<std::unique_ptr<Plan>> plans;
  std::weak_ptr<const Plan> step_plan;  ///< of the streams that live
  std::unique_ptr<Updater> updater;
};

/// The training state as it is now, with the memory of the callbacks of a running fit.
std::optional<TrainingState> current_training_state(const ModelData& data);

/// Shares the weights out among the optimizers and makes their slots as they begin.
/// Errors: OptionError when a MultiOptimizer has two for a weight.
void make_slots(const Network& network, Compiled& compiled);

/// Whether Keras keeps an optimizer's learning rate: unless a schedule gives it.
bool keeps_rate(const OptimizerInUse& used);

/// Whether it changes no weight.
bool rests(const OptimizerInUse& used);

/// Whether Keras keeps Nadam's product of momenta: not inside a LossScaleOptimizer, nor where a
/// MultiOptimizer gave it no weight.
bool keeps_last_scalar(const Compiled& compiled, const OptimizerInUse& used);

/// The numbers that Keras keeps for the optimizer of a compiled, built model.
std::int64_t count_optimizer_params(const ModelData& data);

/// Builds from layers alone; `inputs` as in ModelData. Errors: ShapeError, OptionError.
void build(ModelData& data, const std::vector<Shape>& inputs);

/// The same with all weights 0, for readers of files.
void build_without_values(ModelData& data, const std::vector<Shape>& inputs);

/// The shapes that the model's Input layers declare; empty unless each input has one.
std::vector<Shape> declared_inputs(const Network& network);

/// True when declared_inputs() knows them; it may take long, where texts come in.
bool declares_inputs(const Network& network);

/// The batch size that the model's Input layers declare. Errors: OptionError for several.
std::optional<std::int64_t> declared_batch_size(const Network& network);

/// Adds a layer behind the last; names it when it has no name. Errors: OptionError, StateError once
/// built.
void add_layer(ModelData& data, const Layer& layer);

/// Adds a layer to a graph, as the first call of it. Errors: OptionError.
void add_node(ModelData& data, const Layer& layer, std::vector<Port> inputs);

/// Sets the optimizer, loss and metrics, with fresh state. Errors: OptionError.
void compile(ModelData& data, CompileOptions options);

/// Says that the weights have changed.
void touch_weights(ModelData& data);

}  // namespace engram
