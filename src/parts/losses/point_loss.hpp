// SPDX-License-Identifier: Apache-2.0
/// Losses that treat each output by itself: the mean over a row's outputs.
#pragma once

#include "parts/loss_spec.hpp"

namespace engram {

/// The loss of one output, and its derivative by the predicted value.
struct PointLoss {
  double loss = 0, derivative = 0;
};

/// LossSpec::evaluate out of `point(predicted, target)`; `predicted` (rows, outputs) may be logits.
template <class Point>
double evaluate_points(const LossRows& r, const float* predicted, const Point& point) {
  double sum = 0;
  for (std::int64_t row = 0; row < r.rows; ++row) {
    const double weight = r.weight == nullptr ? 1.0 : static_cast<double>(r.weight[row]);
    const double share = weight / static_cast<double>(r.outputs);
    double row_sum = 0;
    for (std::int64_t i = row * r.outputs; i < (row + 1) * r.outputs; ++i) {
      const PointLoss at =
          point(static_cast<double>(predicted[i]), static_cast<double>(r.target[i]));
      row_sum += at.loss;
      if (r.gradient != nullptr) {
        r.gradient[i] = static_cast<float>(static_cast<double>(r.scale) * share * at.derivative);
      }
    }
    sum += share * row_sum;
  }
  return sum;
}

/// LossSpec::uses_logits of losses that know nothing of logits.
inline bool never_uses_logits(const void*, LogitsOf) { return false; }

}  // namespace engram
