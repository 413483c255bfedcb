// SPDX-License-Identifier: Apache-2.0
/// Normal numbers for the layers that add or multiply noise, and alpha dropout.
#pragma once

#include <cstdint>

#include "kernels/elementwise.hpp"  // DropoutKey

namespace engram::kernels {

/// values[0..n) = mean + stddev z, z normal: pairs from two words each (Box & Muller 1958) of the
/// Philox stream that `key` names. Element i's value does not depend on n; between SIMD targets it
/// differs by rounding. `first` is i of values[0] and must be a multiple of 4.
void normal_numbers(float* values,
                    std::int64_t n,
                    float mean,
                    float stddev,
                    const DropoutKey& key,
                    std::int64_t first = 0) noexcept;

/// y = kept_scale x + offset where the factor is not 0, else dropped.
struct AlphaDropping {
  float kept_scale = 1, offset = 0, dropped = 0;
};

void alpha_drop(const AlphaDropping& a,
                const float* factors,
                const float* x,
                float* y,
                std::int64_t n) noexcept;

}  // namespace engram::kernels
