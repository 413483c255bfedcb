// SPDX-License-Identifier: Apache-2.0
/// What a loss is to the engine and to the files.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engram/losses.hpp"
#include "parts/options.hpp"

namespace engram {

/// Where predictions come from, as far as a loss can use it.
enum class LogitsOf { none, softmax, sigmoid };

/// Predictions and targets of one slice: `rows` samples of `outputs` values on the last axis.
/// A sequence of steps counts as so many rows.
struct LossRows {
  std::int64_t rows = 0, outputs = 0;
  const float* predicted = nullptr;  ///< (rows, outputs)
  const float* target = nullptr;     ///< (rows, outputs), or (rows) of class numbers
  const float* logits = nullptr;     ///< (rows, outputs) behind `predicted`, or null
  const float* weight = nullptr;     ///< (rows) weights of the samples, or null: all 1
  float* gradient = nullptr;         ///< (rows, outputs), or null: wanted are only the losses.
                                     ///< By the logits where uses_logits, else by `predicted`
  float scale = 1;                   ///< the gradient is that of scale * sum of the row losses
};

struct LossSpec {
  std::string_view class_name;                ///< "MeanSquaredError"
  std::string_view name;                      ///< "mean_squared_error"
  std::vector<std::string_view> other_names;  ///< "mse", "MSE"
  OptionsAccess access;

  /// True when targets are class numbers, one a row.
  bool has_class_targets = false;

  /// True when, for predictions out of `from`, loss and gradient go by the logits.
  bool (*uses_logits)(const void* options, LogitsOf from);

  /// The sum of weight * loss over the rows, in order, in float64.
  /// Errors: DataError for a class number outside [0, outputs).
  double (*evaluate)(const void* options, const LossRows& rows);
};

std::span<const LossSpec* const> losses();

/// By class name, name, or another name; null when there is none.
const LossSpec* find_loss(std::string_view name);
std::vector<std::string_view> loss_names();

}  // namespace engram
