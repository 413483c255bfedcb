// SPDX-License-Identifier: Apache-2.0
/// Learning rates that change with the number of updates, by Keras's names and formulas.
///
/// Example: Adam{.learning_rate = CosineDecay{.initial_learning_rate = 0.01f, .decay_steps = 500}}
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engram/choice.hpp"

namespace engram {

struct ScheduleSpec;

/// initial_learning_rate * decay_rate^(step / decay_steps); staircase: whole powers only.
struct ExponentialDecay {
  float initial_learning_rate = 0.001f;
  std::int64_t decay_steps = 0;
  float decay_rate = 1.0f;
  bool staircase = false;
};

/// values[i] up to and including step boundaries[i], the last value after. Errors: OptionError
/// unless there is one value more than boundaries.
struct PiecewiseConstantDecay {
  std::vector<float> boundaries, values;
};

/// From initial_learning_rate to end_learning_rate within decay_steps; cycle: then over again, each
/// time from less.
struct PolynomialDecay {
  float initial_learning_rate = 0.001f;
  std::int64_t decay_steps = 0;
  float end_learning_rate = 0.0001f;
  float power = 1.0f;
  bool cycle = false;
};

/// initial_learning_rate / (1 + decay_rate * step / decay_steps); staircase: whole quotients only.
struct InverseTimeDecay {
  float initial_learning_rate = 0.001f;
  std::int64_t decay_steps = 0;
  float decay_rate = 1.0f;
  bool staircase = false;
};

/// Half a cosine down to alpha times the start within decay_steps; with warmup_target, a line from
/// initial_learning_rate to it within warmup_steps first. Source: Loshchilov & Hutter 2017.
struct CosineDecay {
  float initial_learning_rate = 0.001f;
  std::int64_t decay_steps = 0;
  float alpha = 0.0f;
  std::optional<float> warmup_target = {};
  std::int64_t warmup_steps = 0;
};

/// Half a cosine after another, each t_mul times as long and from m_mul times as high.
struct CosineDecayRestarts {
  float initial_learning_rate = 0.001f;
  std::int64_t first_decay_steps = 0;
  float t_mul = 2.0f;
  float m_mul = 1.0f;
  float alpha = 0.0f;
};

const ScheduleSpec& spec_of(const ExponentialDecay&);
const ScheduleSpec& spec_of(const PiecewiseConstantDecay&);
const ScheduleSpec& spec_of(const PolynomialDecay&);
const ScheduleSpec& spec_of(const InverseTimeDecay&);
const ScheduleSpec& spec_of(const CosineDecay&);
const ScheduleSpec& spec_of(const CosineDecayRestarts&);

/// A number, or a schedule in its place.
struct LearningRate {
  LearningRate(float number) : value(number) {}

  template <class T>

  requires requires(const T& t) {
    { spec_of(t) } -> std::same_as<const ScheduleSpec&>;
  }

  LearningRate(T options) : schedule(Choice<ScheduleSpec>(std::move(options))) {}

  /// The rate of the batch after `batches` batches.
  float at(std::int64_t batches) const;

  float value = 0;
  std::optional<Choice<ScheduleSpec>> schedule = {};
};

}  // namespace engram
