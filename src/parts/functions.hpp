// SPDX-License-Identifier: Apache-2.0
/// Activations as the kernels know them, and first values of weights.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engram/activations.hpp"
#include "engram/initializers.hpp"
#include "engram/tensor.hpp"
#include "kernels/recurrent.hpp"

namespace engram {

/// The elementwise function, or nothing for one of the whole axis.
std::optional<kernels::Function> function_of(Activation activation);

/// Fills values (of `shape`) as `initializer` says. Fans as Keras: of the whole matrix.
/// The numbers depend on `seed` only (the initializer's own seed, if set, takes its place).
void initialize(const Initializer& initializer,
                const Shape& shape,
                std::uint64_t seed,
                float* values);

/// Keras's names of an initializer's numbers a and b, such as "mean" and "stddev"; "": none.
struct InitializerNumbers {
  std::string_view a = "", b = "";
};

InitializerNumbers numbers_of(const Initializer& initializer);

/// What a VarianceScaling's mode and distribution may be.
inline constexpr std::array<std::string_view, 3> kScalingModes = {"fan_in", "fan_out", "fan_avg"};
inline constexpr std::array<std::string_view, 3> kScalingDistributions = {
    "truncated_normal", "untruncated_normal", "uniform"};

}  // namespace engram
