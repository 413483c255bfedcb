// SPDX-License-Identifier: Apache-2.0
/// Outputs taken as yes where they are above a threshold, counted against their targets.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "parts/metric_spec.hpp"

namespace engram {

/// How outputs are counted. A sum is kept for each bucket of outputs that lie above the same
/// thresholds, true ones and others apart.
struct YesOrNo {
  std::vector<float> thresholds;  ///< in any order
  /// Thresholds are 0, 1 / (n - 1), ..., 1: Keras then cuts outputs to [0, 1] and takes the bucket
  /// by a product.
  bool is_even = false;
  bool has_margins = false;  ///< the first threshold lies below 0: every output is above it
  std::optional<std::int64_t> top_k = {}, class_id = {};
  std::span<const float> label_weights = {};  ///< of a row's outputs; empty: 1 each
  bool is_by_label = false;                   ///< sums for each output of a row
  bool from_logits = false;

  /// `given`, or 0.5, or all if only the top k count.
  static YesOrNo of(const std::vector<float>& given, std::optional<std::int64_t> top_k);

  /// 0, ..., 1 in n - 1 steps; of one, 0.5.
  static YesOrNo even(std::int64_t n);

  std::int64_t sums(std::int64_t outputs) const;

  void add(const LossRows& rows, double* sums) const;
};

/// The four counts at a threshold.
struct Counts {
  double true_positives = 0, false_positives = 0, true_negatives = 0, false_negatives = 0;
};

/// Those at each threshold, in the order that they were given in, of one label's sums.
std::vector<Counts> counts_of(const YesOrNo& how, std::span<const double> sums);

/// part / (part + rest) in float32, which Keras compares with given shares; 0 of nothing.
inline float share(double part, double rest) {
  return part + rest == 0 ? 0.0f : static_cast<float>(part) / static_cast<float>(part + rest);
}

}  // namespace engram
