// SPDX-License-Identifier: Apache-2.0
/// What an optimizer is to the engine and to the files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engram/optimizers.hpp"
#include "parts/options.hpp"

namespace engram {

/// At most one is set. Keras's meaning: per variable, of all variables together, per value.
struct Clipping {
  std::optional<float> clipnorm, global_clipnorm, clipvalue;
};

/// What every optimizer has.
struct OptimizerCommon {
  LearningRate learning_rate;
  Clipping clipping;
  std::int64_t accumulation_steps = 1;       ///< batches of one update
  std::optional<float> ema_momentum;         ///< set: the average of the weights is kept
  std::int64_t ema_overwrite_frequency = 0;  ///< 0: at the end of fit only
};

/// A variable to be updated.
struct UpdateVariable {
  Shape shape;
  std::string_view path;  ///< "lstm/lstm_cell/kernel"
};

/// One update of n weights that lie one after another.
struct UpdateRange {
  std::int64_t iteration = 1;  ///< t: updates done, this one included
  float learning_rate = 0;
  const UpdateVariable* variable = nullptr;  ///< that they belong to
  const float* gradient = nullptr;
  float* weights = nullptr;
  std::span<float* const> slots;  ///< in the order of OptimizerSpec::slots
  std::int64_t n = 0;
};

struct OptimizerSpec {
  std::string_view class_name;  ///< "Adam"
  std::string_view name;        ///< "adam"
  OptionsAccess access;

  /// Names of the arrays kept for each variable, in Keras's order ("momentum", "velocity").
  std::vector<std::string_view> (*slots)(const void* options);
  OptimizerCommon (*common)(const void* options);

  /// In Keras's files the first so many slots take turns, variable by variable (m0 v0 m1 v1 ...);
  /// each later one is a block of its own (vhat0 vhat1 ...).
  std::int64_t interleaved_slots = 1;

  /// What a slot begins with; null: 0.
  float (*first_slot_value)(const void* options, std::size_t slot) = nullptr;

  /// The shape of a variable's slot, at most as large as the variable, or none when it has no such
  /// slot. Null: the variable's.
  std::optional<Shape> (*slot_shape)(const void* options,
                                     std::size_t slot,
                                     const UpdateVariable& variable) = nullptr;

  /// A number that Keras keeps after all slots and that follows from the updates done; null: none.
  float (*last_scalar)(const void* options, std::int64_t updates) = nullptr;

  /// A range is always a whole variable.
  bool needs_whole_variable = false;

  /// Holds optimizers, which compile() takes out.
  bool wraps_others = false;

  /// Updates a range; called from several threads for different ranges.
  void (*update)(const void* options, const UpdateRange& range);
};

/// Errors: OptionError when more than one is set.
void check_clipping(const Clipping& clipping, std::string_view where);

/// The places of the optimizer's arrays in ModelData's slots: first the average of the weights and
/// the sum of gradients, each if the options ask for it, then its own.
struct SlotPlaces {
  std::optional<std::size_t> average, gradient_sum;
  std::size_t own = 0, count = 0;
};

SlotPlaces slot_places(const Optimizer& optimizer);

/// Its option.
LearningRate learning_rate_of(const Optimizer& optimizer);

/// Every optimizer.
std::span<const OptimizerSpec* const> optimizers();

/// By "Adam" or "adam"; null when there is none.
const OptimizerSpec* find_optimizer(std::string_view name);

const OptimizerSpec& loss_scale_optimizer_spec();
const OptimizerSpec& multi_optimizer_spec();

/// Whether they are one optimizer or copies of one.
bool is_same(const Optimizer& a, const Optimizer& b);

/// The map's optimizers, each once, the default last, as Keras counts them.
std::vector<Optimizer> inner_optimizers(const OptimizerMap& map);

/// The one for a variable. Errors: OptionError for two matches.
const Optimizer& optimizer_for(const OptimizerMap& map, const std::string& path);

/// Errors: OptionError for a key twice, or one that is no pattern.
void check_keys(const OptimizerMap& map);

const OptionsAccess& optimizer_map_access();

/// `optimizer` without a loss_scale_factor, as Keras's LossScaleOptimizer takes it.
Optimizer without_loss_scale_factor(const Optimizer& optimizer);

/// The names of all optimizers, for messages.
std::vector<std::string_view> optimizer_names();

}  // namespace engram
