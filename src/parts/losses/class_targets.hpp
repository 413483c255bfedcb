// SPDX-License-Identifier: Apache-2.0
/// Class numbers: of targets that are such, and of rows of numbers, one for each class.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace engram {

/// Errors: DataError naming the loss for a number that is no class.
inline std::int64_t class_of(float target, std::int64_t classes, std::string_view loss) {
  if (!(target >= 0 && target < static_cast<float>(classes) && target == std::floor(target))) {
    throw error<DataError>({.where = std::string(loss),
                            .expected = fmt::format("class numbers from 0 to {}", classes - 1),
                            .got = fmt::format("{}", target),
                            .remedy = "The last layer needs a unit for each class."});
  }
  return static_cast<std::int64_t>(target);
}

/// The class of the largest of n numbers; of several, the first.
inline std::int64_t largest(const float* values, std::int64_t n) {
  return std::max_element(values, values + n) - values;
}

}  // namespace engram
