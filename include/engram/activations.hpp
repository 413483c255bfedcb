// SPDX-License-Identifier: Apache-2.0
/// Activation functions, by Keras's names, formulas and default numbers.
///
/// Example: Dense{.units = 5, .activation = "softmax"}
#pragma once

#include <span>
#include <string_view>

namespace engram {

/// One of Keras's; "swish" and "hard_swish" are silu and hard_silu. hard_sigmoid is Keras 3's:
/// clip(x / 6 + 0.5, 0, 1); leaky_relu has slope 0.2 below 0; gelu is the exact one. softmax
/// and log_softmax are of the whole last axis.
class Activation {
 public:
  enum class Kind {
    linear,
    tanh,
    sigmoid,
    hard_sigmoid,
    relu,
    softmax,
    relu6,
    leaky_relu,
    elu,
    celu,
    selu,
    softplus,
    log_sigmoid,
    softsign,
    exponential,
    soft_shrink,
    hard_shrink,
    hard_tanh,
    tanh_shrink,
    sparse_plus,
    sparse_sigmoid,
    squareplus,
    silu,
    hard_silu,
    gelu,
    mish,
    log_softmax
  };

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
