// SPDX-License-Identifier: Apache-2.0
/// Nested lists of numbers in golden files.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace engram {

/// The numbers of nested lists, one after another.
inline std::vector<float> flat(const nlohmann::json& lists) {
  std::vector<float> values;
  for (const nlohmann::json& item : lists) {
    if (item.is_array()) {
      const std::vector<float> inner = flat(item);
      values.insert(values.end(), inner.begin(), inner.end());
    } else {
      values.push_back(item.get<float>());
    }
  }
  return values;
}

/// Items of the innermost lists.
inline std::int64_t last_axis(const nlohmann::json& lists) {
  const nlohmann::json* inner = &lists;
  while (inner->front().is_array()) {
    inner = &inner->front();
  }
  return static_cast<std::int64_t>(inner->size());
}

/// The length of each level, of lists that are all as long as the first of their level.
inline std::vector<std::int64_t> shape_of(const nlohmann::json& lists) {
  std::vector<std::int64_t> shape;
  for (const nlohmann::json* inner = &lists; inner->is_array(); inner = &inner->front()) {
    shape.push_back(static_cast<std::int64_t>(inner->size()));
  }
  return shape;
}

/// The depth of nesting.
inline std::int64_t rank(const nlohmann::json& lists) {
  return lists.is_array() ? 1 + rank(lists.front()) : 0;
}

}  // namespace engram
