// SPDX-License-Identifier: Apache-2.0
/// Functions of the activation layers, with the gradients by their inputs. NaN stays NaN.
#pragma once

#include <cstdint>
#include <limits>

namespace engram::kernels {

/// y = min(x, max_value) above `threshold`, negative_slope (x - threshold) elsewhere.
struct Rectifier {
  float max_value = std::numeric_limits<float>::infinity();
  float negative_slope = 0;
  float threshold = 0;
};

void rectify(const Rectifier& r, const float* x, float* y, std::int64_t n) noexcept;

/// dx = dy y'(x). At a kink, the slope of the side below.
void rectify_gradient(
    const Rectifier& r, const float* x, const float* dy, float* dx, std::int64_t n) noexcept;

/// y = x above 0, alpha[i] x elsewhere.
void prelu(const float* x, const float* alpha, float* y, std::int64_t n) noexcept;

/// dx = dy y'(x), unless dx is null;  dalpha += dy min(x, 0), unless dalpha is null.
void prelu_gradient(const float* x,
                    const float* alpha,
                    const float* dy,
                    float* dx,
                    float* dalpha,
                    std::int64_t n) noexcept;

/// y = x above 0, alpha (exp(x) - 1) elsewhere.
void elu(float alpha, const float* x, float* y, std::int64_t n) noexcept;

/// dx = dy y'(x).
void elu_gradient(float alpha, const float* x, const float* dy, float* dx, std::int64_t n) noexcept;

}  // namespace engram::kernels
