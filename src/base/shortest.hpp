// SPDX-License-Identifier: Apache-2.0
/// The double that prints as a float does: 0.2f gives 0.2, not 0.20000000298.
#pragma once

#include <array>
#include <charconv>

namespace engram {

inline double shortest(float value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double result = 0;
  std::from_chars(text.data(), end, result);
  return result;
}

}  // namespace engram
