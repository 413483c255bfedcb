// SPDX-License-Identifier: Apache-2.0
/// How the outputs of a network are judged, by losses, weights and metrics, and the sums it gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "parts/loss_spec.hpp"
#include "parts/metric_spec.hpp"

namespace engram {

/// What the predictions of one output are compared with, and how.
struct OutputJudgement {
  const Loss* loss = nullptr;
  float loss_weight = 1;                       ///< of this output's loss in the whole
  Reduction reduction = Reduction::mean;       ///< the loss's
  std::vector<Metric> metrics;                 ///< accuracies resolved; the weighted ones come last
  std::vector<std::string> metric_names = {};  ///< in logs, without the output's name
  std::size_t plain_metrics = 0;               ///< those that leave sample weights out
  std::int64_t outputs = 1;                    ///< values on the last axis of the predictions
  /// Of all samples: (samples, rows of the loss in a sample); null: 1 each.
  const Tensor* sample_weight = nullptr;
};

/// One for each output.
using Judgement = std::vector<OutputJudgement>;

/// Sums over a batch, or over many, of one output.
struct OutputFigures {
  double loss_sum = 0;  ///< of the weighted losses of rows (a step of a sequence is a row)
  double weight = 0;    ///< what a mean divides by: rows that counted, or their weights
  std::vector<double> metric_sums;  ///< for each metric: its own, and the weight of its rows
  /// Of regularizers, added to the whole loss; the first output's only. A plan gives those of
  /// activities.
  double penalty = 0;

  void add(const OutputFigures& other);

  /// The loss of the rows, before OutputJudgement::loss_weight and penalty.
  double loss(Reduction reduction) const;
};

/// Those of all outputs.
using BatchFigures = std::vector<OutputFigures>;

}  // namespace engram
