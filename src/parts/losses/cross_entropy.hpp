// SPDX-License-Identifier: Apache-2.0
/// What the three cross-entropies share, as Keras 3.15 computes it on TensorFlow.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "parts/losses/point_loss.hpp"

namespace engram {

/// Probabilities are clipped to Keras's [epsilon, 1 - epsilon], in float32 as there.
inline constexpr double kLeastProbability = static_cast<double>(1e-7f);
inline constexpr double kMostProbability = static_cast<double>(static_cast<float>(1 - 1e-7));

inline double clip_probability(double p) {
  return std::clamp(p, kLeastProbability, kMostProbability);
}

/// The derivative of clip_probability: 1 inside and at the ends.
inline double clip_derivative(double p) {
  return p >= kLeastProbability && p <= kMostProbability ? 1 : 0;
}

/// Whatever comes out of a softmax or a sigmoid is taken by its logits, even where the two are
/// mixed up: Keras keeps them with the output and asks for nothing else.
inline bool uses_kept_logits(const void*, LogitsOf from) { return from != LogitsOf::none; }

/// The logits to go by, or null when there are probabilities only.
template <class Options>
const float* logits_of(const void* options, const LossRows& rows) {
  const bool from_logits = options_as<Options>(options).from_logits;
  return rows.logits != nullptr ? rows.logits : (from_logits ? rows.predicted : nullptr);
}

/// max(z, 0) - z t + log(1 + exp(-|z|)), which never overflows.
inline PointLoss entropy_of_logit(double z, double t) {
  const double e = std::exp(-std::abs(z));
  const double sigmoid = z >= 0 ? 1 / (1 + e) : e / (1 + e);
  return {.loss = std::max(z, 0.0) - z * t + std::log1p(e), .derivative = sigmoid - t};
}

/// -t log c - (1 - t) log(1 - c), c the clipped probability.
inline PointLoss entropy_of_probability(double p, double t) {
  const double c = clip_probability(p);
  return {.loss = -(t * std::log(c) + (1 - t) * std::log1p(-c)),
          .derivative = clip_derivative(p) * ((1 - t) / (1 - c) - t / c)};
}

/// Logits z of a row, ready for log softmax: log p[i] = z[i] - max - log(sum).
struct SoftmaxRow {
  double max = -std::numeric_limits<double>::infinity();
  double sum = 0;  ///< of exp(z[i] - max)
};

/// `exponentials`, if not null, gets exp(z[i] - max).
inline SoftmaxRow softmax_row(const float* z, std::int64_t n, float* exponentials) {
  SoftmaxRow row;
  for (std::int64_t i = 0; i < n; ++i) {
    row.max = std::max(row.max, static_cast<double>(z[i]));
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const double e = std::exp(static_cast<double>(z[i]) - row.max);
    row.sum += e;
    if (exponentials != nullptr) {
      exponentials[i] = static_cast<float>(e);
    }
  }
  return row;
}

}  // namespace engram
