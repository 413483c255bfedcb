// SPDX-License-Identifier: Apache-2.0
/// Losses, by Keras's names.
///
/// Example: model.compile({.optimizer = "adam", .loss = SparseCategoricalCrossentropy{}});
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engram/choice.hpp"

namespace engram {

struct LossSpec;

// What a batch's losses of rows come to is `reduction`: "sum_over_batch_size" or "mean", both the
// mean over rows that no mask leaves out; "mean_with_sample_weight", their sum divided by that of
// their weights; "sum"; "none" or std::nullopt, Keras's None, which shows the mean and learns from
// the sum.

struct MeanSquaredError {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

struct MeanAbsoluteError {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// Squared up to an error of delta, linear beyond. Source: Huber 1964.
struct Huber {
  float delta = 1.0f;
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// log(cosh(error)).
struct LogCosh {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

// The three cross-entropies are of probabilities, or of logits. When the predictions come out of a
// softmax or a sigmoid layer, its logits are used instead, whatever from_logits says and whichever
// of the two it is: so does Keras on TensorFlow.

// label_smoothing s makes targets t (1 - s) + s / classes (of binary ones: s / 2).

/// Targets are 0 or 1 for each output, or shares between.
struct BinaryCrossentropy {
  bool from_logits = false;
  float label_smoothing = 0.0f;
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// Targets are one-hot rows, or shares of each class.
struct CategoricalCrossentropy {
  bool from_logits = false;
  float label_smoothing = 0.0f;
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// Targets are class numbers. Errors: DataError for one that is no class. Rows of the class
/// ignore_class are left out; then probabilities are judged as they are, never by a layer's logits.
struct SparseCategoricalCrossentropy {
  bool from_logits = false;
  std::optional<std::int64_t> ignore_class = {};
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// BinaryCrossentropy times (1 - share of the right class)^gamma; with apply_class_balancing, alpha
/// weighs the class 1 and 1 - alpha the class 0. Source: Lin et al. 2018.
struct BinaryFocalCrossentropy {
  bool from_logits = false;
  float label_smoothing = 0.0f;
  bool apply_class_balancing = false;
  float alpha = 0.25f;
  float gamma = 2.0f;
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// sum of -alpha (1 - p)^gamma t log p.
struct CategoricalFocalCrossentropy {
  bool from_logits = false;
  float label_smoothing = 0.0f;
  float alpha = 0.25f;
  float gamma = 2.0f;
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// (1 - p^q) / q of the class's probability p; targets are class numbers. Source: Zhang & Sabuncu
/// 2018.
struct CategoricalGeneralizedCrossEntropy {
  float q = 0.5f;
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// 100 |t - p| / |t|.
struct MeanAbsolutePercentageError {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// (log(1 + p) - log(1 + t))^2.
struct MeanSquaredLogarithmicError {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// sum of t log(t / p).
struct KLDivergence {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// p - t log p.
struct Poisson {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// Less the cosine of the angle between a row's predictions and targets.
struct CosineSimilarity {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

// Targets of the first two are -1 and 1, or 0 and 1.

/// max(0, 1 - t p).
struct Hinge {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// Its square.
struct SquaredHinge {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// max(0, 1 + the largest (1 - t) p - sum of t p); targets are one-hot rows.
struct CategoricalHinge {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

// The next three look at the rows of a batch together.

/// 1 - 2 sum(t p) / (sum(t) + sum(p)): over the whole batch, or, with axis -1, over each row.
struct Dice {
  std::optional<std::int64_t> axis = {};  ///< none: all axes; or -1
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// 1 - sum(t p) / (sum(t p) + alpha sum(t (1 - p)) + beta sum(p (1 - t))), over what Dice has.
/// Source: Salehi et al. 2017.
struct Tversky {
  float alpha = 0.5f, beta = 0.5f;
  std::optional<std::int64_t> axis = {};
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// How well steps of logits (N, T, C) read as a text (N, L): targets are class numbers above 0, 0
/// after a text's end; class 0 is the blank between labels. One loss for each sample; masks do not
/// count. Source: Graves et al. 2006.
struct CTC {
  std::optional<std::string> reduction = "sum_over_batch_size";
};

/// Draws rows of one class together and others apart, by the cosines of the batch's rows, which are
/// to have length 1; targets are class numbers. Source: Sun et al. 2020.
struct Circle {
  float gamma = 80.0f;
  float margin = 0.4f;
  bool remove_diagonal = true;  ///< a row is no match of itself
  std::optional<std::string> reduction = "sum_over_batch_size";
};

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
const LossSpec& spec_of(const Dice&);
const LossSpec& spec_of(const Tversky&);
const LossSpec& spec_of(const Circle&);
const LossSpec& spec_of(const CTC&);

/// Any loss, as a value. Implicit from a name such as "mean_squared_error" or "mse".
class Loss : public Choice<LossSpec> {
 public:
  using Choice::Choice;

  /// Errors: OptionError for an unknown name.
  Loss(std::string_view name);

  Loss(const char* name) : Loss(std::string_view(name)) {}
};

}  // namespace engram
