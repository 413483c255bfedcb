// SPDX-License-Identifier: Apache-2.0
/// What weights are made to be after each update, by Keras's names and formulas.
///
/// Example: Dense{.units = 8, .kernel_constraint = MaxNorm{.max_value = 3}}
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engram/choice.hpp"

namespace engram {

struct ConstraintSpec;

// A norm is that of the values along `axis`: with axis 0, of what goes into one unit.

/// Norms of at most max_value.
struct MaxNorm {
  float max_value = 2.0f;
  std::int64_t axis = 0;
};

/// No value below 0.
struct NonNeg {};

/// Norms of 1.
struct UnitNorm {
  std::int64_t axis = 0;
};

/// Norms from min_value to max_value, gone towards by `rate` of the way.
struct MinMaxNorm {
  float min_value = 0.0f, max_value = 1.0f, rate = 1.0f;
  std::int64_t axis = 0;
};

const ConstraintSpec& spec_of(const MaxNorm&);
const ConstraintSpec& spec_of(const NonNeg&);
const ConstraintSpec& spec_of(const UnitNorm&);
const ConstraintSpec& spec_of(const MinMaxNorm&);

/// One of them, or none. Implicit from a name such as "non_neg".
struct Constraint {
  Constraint() = default;

  /// Errors: OptionError for an unknown name.
  Constraint(std::string_view name);

  Constraint(const char* name) : Constraint(std::string_view(name)) {}

  template <class T>

  requires requires(const T& t) {
    { spec_of(t) } -> std::same_as<const ConstraintSpec&>;
  }

  Constraint(T options) : choice(Choice<ConstraintSpec>(std::move(options))) {}

  std::optional<Choice<ConstraintSpec>> choice = {};
};

}  // namespace engram
