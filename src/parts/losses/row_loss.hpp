// SPDX-License-Identifier: Apache-2.0
/// Losses of a row as a whole.
#pragma once

#include "parts/loss_spec.hpp"

namespace engram {

/// One row: its values, targets and, unless null, the place of its gradient, which gets `factor`
/// times the derivative.
struct OneRow {
  std::int64_t n = 0;
  const float *values = nullptr, *target = nullptr;
  float* gradient = nullptr;
  double factor = 1;
};

/// LossSpec::evaluate out of `loss(OneRow)`; `values` (rows, outputs) may be logits.
template <class Loss>
double evaluate_rows(const LossRows& rows,
                     const float* values,
                     std::int64_t targets,
                     const Loss& loss) {
  double sum = 0;
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    const double weight = rows.weight == nullptr ? 1 : rows.weight[row];
    const std::int64_t at = row * rows.outputs;
    sum += weight * loss(OneRow{.n = rows.outputs,
                                .values = values + at,
                                .target = rows.target + row * targets,
                                .gradient = rows.gradient == nullptr ? nullptr : rows.gradient + at,
                                .factor = rows.scale * weight});
  }
  return sum;
}

/// The same for targets of as many values as outputs.
template <class Loss>
double evaluate_rows(const LossRows& rows, const float* values, const Loss& loss) {
  return evaluate_rows(rows, values, rows.outputs, loss);
}

}  // namespace engram
