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

// label_smoothing s makes targets t (1 - s) + s / classes (of binary ones: s / 2).

/// Targets are 0 or 1 for each output, or shares between.
struct BinaryCrossentropy {
  bool from_logits = false;
  float label_smoothing = 0.0f;
};

/// Targets are one-hot rows, or shares of each class.
struct CategoricalCrossentropy {
  bool from_logits = false;
  float label_smoothing = 0.0f;
};

/// Targets are class numbers. Errors: DataError for one that is no class.
struct SparseCategoricalCrossentropy {
  bool from_logits = false;
};

/// BinaryCrossentropy times (1 - share of the right class)^gamma; with apply_class_balancing, alpha
/// weighs the class 1 and 1 - alpha the class 0. Source: Lin et al. 2018.
struct BinaryFocalCrossentropy {
  bool from_logits = false;
  float label_smoothing = 0.0f;
  bool apply_class_balancing = false;
  float alpha = 0.25f;
  float gamma = 2.0f;
};

/// sum of -alpha (1 - p)^gamma t log p.
struct CategoricalFocalCrossentropy {
  bool from_logits = false;
  float label_smoothing = 0.0f;
  float alpha = 0.25f;
  float gamma = 2.0f;
};

/// (1 - p^q) / q of the class's probability p; targets are class numbers. Source: Zhang & Sabuncu
/// 2018.
struct CategoricalGeneralizedCrossEntropy {
  float q = 0.5f;
};

/// 100 |t - p| / |t|.
struct MeanAbsolutePercentageError {};

/// (log(1 + p) - log(1 + t))^2.
struct MeanSquaredLogarithmicError {};

/// sum of t log(t / p).
struct KLDivergence {};

/// p - t log p.
struct Poisson {};

/// Less the cosine of the angle between a row's predictions and targets.
struct CosineSimilarity {};

// Targets of the first two are -1 and 1, or 0 and 1.

/// max(0, 1 - t p).
struct Hinge {};

/// Its square.
struct SquaredHinge {};

/// max(0, 1 + the largest (1 - t) p - sum of t p); targets are one-hot rows.
struct CategoricalHinge {};

const LossSpec& spec_of(const MeanSquaredError&);
const LossSpec& spec_of(const MeanAbsoluteError&);
const LossSpec& spec_of(const Huber&);
const LossSpec& spec_of(const LogCosh&);
const LossSpec& spec_of(const BinaryCrossentropy&);
const LossSpec& spec_of(const CategoricalCrossentropy&);
const LossSpec& spec_of(const SparseCategoricalCrossentropy&);
const LossSpec& spec_of(const BinaryFocalCrossentropy&);
const LossSpec& spec_of(const CategoricalFocalCrossentropy&);
const LossSpec& spec_of(const CategoricalGeneralizedCrossEntropy&);
const LossSpec& spec_of(const MeanAbsolutePercentageError&);
const LossSpec& spec_of(const MeanSquaredLogarithmicError&);
const LossSpec& spec_of(const KLDivergence&);
const LossSpec& spec_of(const Poisson&);
const LossSpec& spec_of(const CosineSimilarity&);
const LossSpec& spec_of(const Hinge&);
const LossSpec& spec_of(const SquaredHinge&);
const LossSpec& spec_of(const CategoricalHinge&);

/// Any loss, as a value. Implicit from a name such as "mean_squared_error" or "mse".
class Loss : public Choice<LossSpec> {
 public:
  using Choice::Choice;

  /// Errors: OptionError for an unknown name.
  Loss(std::string_view name);

  Loss(const char* name) : Loss(std::string_view(name)) {}
};

}  // namespace engram
