// SPDX-License-Identifier: Apache-2.0
/// Activation functions, by Keras's names.
///
/// Example: Dense{.units = 5, .activation = "softmax"}
#pragma once

#include <span>
#include <string_view>

namespace engram {

/// One of linear, tanh, sigmoid, hard_sigmoid, relu, softmax.
/// hard_sigmoid is Keras 3's: clip(x / 6 + 0.5, 0, 1).
class Activation {
 public:
  enum class Kind { linear, tanh, sigmoid, hard_sigmoid, relu, softmax };

  constexpr Activation(Kind kind = Kind::linear) : kind_(kind) {}

  /// Errors: OptionError for an unknown name.
  Activation(std::string_view name);

  Activation(const char* name) : Activation(std::string_view(name)) {}

  constexpr Kind kind() const { return kind_; }

  std::string_view name() const;

  /// Every name that there is.
  static std::span<const std::string_view> names();

  constexpr bool operator==(const Activation&) const = default;

 private:
  Kind kind_;
};

}  // namespace engram
