// SPDX-License-Identifier: Apache-2.0
/// Finds a spec in its table by Keras's class name, its name, or another of its names.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

namespace engram {

template <class Spec>
const Spec* find_by_name(std::span<const Spec* const> table, std::string_view name) {
  const auto is_it = [&](const Spec* spec) {
    const auto& others = spec->other_names;
    return name == spec->class_name || name == spec->name ||
           std::find(others.begin(), others.end(), name) != others.end();
  };
  const auto it = std::find_if(table.begin(), table.end(), is_it);
  return it == table.end() ? nullptr : *it;
}

/// Every name but the class names, for messages.
template <class Spec>
std::vector<std::string_view> names_of(std::span<const Spec* const> table) {
  std::vector<std::string_view> names;
  for (const Spec* spec : table) {
    names.push_back(spec->name);
    names.insert(names.end(), spec->other_names.begin(), spec->other_names.end());
  }
  return names;
}

}  // namespace engram
