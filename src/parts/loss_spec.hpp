// SPDX-License-Identifier: Apache-2.0
/// What a loss is to the engine and to the files.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engram/losses.hpp"
#include "parts/options.hpp"

namespace engram {

/// Where predictions come from, as far as a loss can use it.
enum class LogitsOf { none, softmax, sigmoid };

/// LossSpec::reduction's texts; that of Keras's None is "none" too.
inline constexpr std::array<std::string_view, 5> kReductions = {
    "sum_over_batch_size", "sum", "none", "mean", "mean_with_sample_weight"};

enum class Reduction { mean, mean_with_sample_weight, sum, none };

/// Whether a loss takes each row by itself; each row among the others of its batch, which then come
/// in one slice; the batch as one; or all steps of a sample, with targets of a length of their own.
enum class LossScope { row, rows_together, batch, sequence };

/// Rows that a loss does not count, and their weights.
struct LeftOut {
  double rows = 0, weight = 0;
};

/// Predictions and targets of one slice: `rows` samples of `outputs` values on the last axis.
/// A sequence of steps counts as so many rows; for LossScope::sequence a row is a sample.
struct LossRows {
  std::int64_t rows = 0, outputs = 0;
  std::int64_t steps = 1, targets = 0;  ///< of LossScope::sequence: predicted (steps, rows,
                                        ///< outputs), target (rows, targets)
  const float* predicted = nullptr;     ///< (rows, outputs)
  const float* target = nullptr;        ///< (rows, outputs), or (rows) of class numbers
  const float* logits = nullptr;        ///< (rows, outputs) behind `predicted`, or null
  const float* weight = nullptr;        ///< (rows) weights of the samples, or null: all 1
  const float* mask = nullptr;          ///< (rows) 0 where a mask leaves the row out; null: nowhere
  LeftOut* left_out = nullptr;          ///< to be added to, for rows that no mask has left out yet
  float* gradient = nullptr;            ///< (rows, outputs), or null: wanted are only the losses.
                                        ///< By the logits where uses_logits, else by `predicted`
  float scale = 1;                      ///< the gradient is that of scale * sum of the row losses
};

struct LossSpec {
  std::string_view class_name;                ///< "MeanSquaredError"
  std::string_view name;                      ///< "mean_squared_error"
  std::vector<std::string_view> other_names;  ///< "mse", "MSE"
  OptionsAccess access;
  const std::optional<std::string>& (*reduction)(const void* options) =
      nullptr;  ///< null: the mean

  /// True when targets are class numbers, one a row.
  bool has_class_targets = false;

  /// True when, for predictions out of `from`, loss and gradient go by the logits.
  bool (*uses_logits)(const void* options, LogitsOf from);

  LossScope (*scope)(const void* options) = nullptr;       ///< null: LossScope::row
  bool (*leaves_rows_out)(const void* options) = nullptr;  ///< null: never

  /// The sum of weight * loss over the rows, in order, in float64; of a batch as one, its loss.
  /// Errors: DataError for a class number outside [0, outputs).
  double (*evaluate)(const void* options, const LossRows& rows);
};

inline LossScope scope_of(const Loss& loss) {
  const LossSpec& spec = loss.spec();
  return spec.scope == nullptr ? LossScope::row : spec.scope(loss.options());
}

Reduction reduction_of(const Loss& loss);

std::span<const LossSpec* const> losses();

/// By class name, name, or another name; null when there is none.
const LossSpec* find_loss(std::string_view name);
std::vector<std::string_view> loss_names();

}  // namespace engram
