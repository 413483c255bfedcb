// SPDX-License-Identifier: Apache-2.0
/// Losses, by Keras's names; the reduction is Keras's sum_over_batch_size, the mean.
///
/// Example: model.compile({.optimizer = "adam", .loss = SparseCategoricalCrossentropy{}});
#pragma once

#include <string_view>

#include "engram/choice.hpp"

namespace engram {

struct LossSpec;

struct MeanSquaredError {};

struct MeanAbsoluteError {};

/// Squared up to an error of delta, linear beyond. Source: Huber 1964.
struct Huber {
  float delta = 1.0f;
};

/// log(cosh(error)).
struct LogCosh {};

// The three cross-entropies are of probabilities, or of logits. When the predictions come out of a
// softmax or a sigmoid layer, its logits are used instead, whatever from_logits says and whichever
// of the two it is: so does Keras on TensorFlow.

/// Targets are 0 or 1 for each output, or shares between.
struct BinaryCrossentropy {
  bool from_logits = false;
};

/// Targets are one-hot rows, or shares of each class.
struct CategoricalCrossentropy {
  bool from_logits = false;
};

/// Targets are class numbers. Errors: DataError for one that is no class.
struct SparseCategoricalCrossentropy {
  bool from_logits = false;
};

const LossSpec& spec_of(const MeanSquaredError&);
const LossSpec& spec_of(const MeanAbsoluteError&);
const LossSpec& spec_of(const Huber&);
const LossSpec& spec_of(const LogCosh&);
const LossSpec& spec_of(const BinaryCrossentropy&);
const LossSpec& spec_of(const CategoricalCrossentropy&);
const LossSpec& spec_of(const SparseCategoricalCrossentropy&);

/// Any loss, as a value. Implicit from a name such as "mean_squared_error" or "mse".
class Loss : public Choice<LossSpec> {
 public:
  using Choice::Choice;

  /// Errors: OptionError for an unknown name.
  Loss(std::string_view name);

  Loss(const char* name) : Loss(std::string_view(name)) {}
};

}  // namespace engram
