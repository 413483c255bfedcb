// SPDX-License-Identifier: Apache-2.0
/// One optimizer step over n weights, as Keras 3 computes it; w and the slots change in place.
#pragma once

#include <cstdint>

namespace engram::kernels {

/// m += (g - m)(1 - beta_1); v += (g*g - v)(1 - beta_2); w -= alpha m / (sqrt(v) + epsilon).
/// amsgrad: vhat = max(vhat, v) takes v's place in the last line; vhat null without it.
struct AdamUpdate {
  float alpha = 0, beta_1 = 0, beta_2 = 0, epsilon = 0;
  float weight_decay = 0;  ///< w -= w * weight_decay first (already times learning_rate), 0: none
  const float* g = nullptr;
  float *w = nullptr, *m = nullptr, *v = nullptr, *vhat = nullptr;
};

void adam_update(const AdamUpdate& a, std::int64_t n) noexcept;

/// momentum 0: w -= lr g. Else m = momentum m - lr g; w += m, or nesterov: w += momentum m - lr g.
struct SgdUpdate {
  float learning_rate = 0, momentum = 0;
  bool nesterov = false;
  const float* g = nullptr;
  float *w = nullptr, *m = nullptr;  ///< m null without momentum
};

void sgd_update(const SgdUpdate& a, std::int64_t n) noexcept;

/// v = rho v + (1 - rho) g*g; centered: mean = rho mean + (1 - rho) g, d = v - mean*mean, else d =
/// v; step = lr g / sqrt(d + epsilon); momentum: m = momentum m + step, w -= m; else w -= step.
struct RmspropUpdate {
  float learning_rate = 0, rho = 0, momentum = 0, epsilon = 0;
  const float* g = nullptr;
  float *w = nullptr, *v = nullptr, *mean = nullptr, *m = nullptr;  ///< mean, m: null when unused
};

void rmsprop_update(const RmspropUpdate& a, std::int64_t n) noexcept;

}  // namespace engram::kernels
