// SPDX-License-Identifier: Apache-2.0
/// Penalties on weights, by Keras's names and formulas: part of the loss and of the gradient.
///
/// Example: LSTM{.units = 8, .kernel_regularizer = L2{.l2 = 1e-4f}, .bias_regularizer = "l1"}
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "engram/choice.hpp"

namespace engram {

struct RegularizerSpec;

/// l1 sum |w|
struct L1 {
  float l1 = 0.01f;
};

/// l2 sum w^2
struct L2 {
  float l2 = 0.01f;
};

/// Both.
struct L1L2 {
  float l1 = 0.0f, l2 = 0.0f;
};

/// factor times the mean |cosine| of two rows, or columns, of a matrix. Errors: OptionError for a
/// weight that is no matrix.
struct OrthogonalRegularizer {
  float factor = 0.01f;
  std::string mode = "rows";  ///< or "columns"
};

const RegularizerSpec& spec_of(const L1&);
const RegularizerSpec& spec_of(const L2&);
const RegularizerSpec& spec_of(const L1L2&);
const RegularizerSpec& spec_of(const OrthogonalRegularizer&);

/// One of them, or none. Implicit from a name such as "l2".
struct Regularizer {
  Regularizer() = default;

  /// Errors: OptionError for an unknown name.
  Regularizer(std::string_view name);

  Regularizer(const char* name) : Regularizer(std::string_view(name)) {}

  template <class T>

  requires requires(const T& t) {
    { spec_of(t) } -> std::same_as<const RegularizerSpec&>;
  }

  Regularizer(T options) : choice(Choice<RegularizerSpec>(std::move(options))) {}

  std::optional<Choice<RegularizerSpec>> choice = {};
};

}  // namespace engram
