// SPDX-License-Identifier: Apache-2.0
#include "engram/activations.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "parts/functions.hpp"

namespace engram {

namespace {

/// In the order of Activation::Kind.
constexpr std::array<std::string_view, 6> kNames = {
    "linear", "tanh", "sigmoid", "hard_sigmoid", "relu", "softmax"};

Activation::Kind kind_of(std::string_view name) {
  const auto it = std::find(kNames.begin(), kNames.end(), name);
  if (it == kNames.end()) {
    throw error<OptionError>(unknown_name("Activation", "activation", name, kNames));
  }
  return static_cast<Activation::Kind>(it - kNames.begin());
}

}  // namespace

Activation::Activation(std::string_view name) : kind_(kind_of(name)) {}

std::string_view Activation::name() const { return kNames.at(static_cast<std::size_t>(kind_)); }

std::span<const std::string_view> Activation::names() { return kNames; }

std::optional<kernels::Function> function_of(Activation activation) {
  switch (activation.kind()) {
    case Activation::Kind::linear:
      return kernels::Function::linear;
    case Activation::Kind::tanh:
      return kernels::Function::tanh;
    case Activation::Kind::sigmoid:
      return kernels::Function::sigmoid;
    case Activation::Kind::hard_sigmoid:
      return kernels::Function::hard_sigmoid;
    case Activation::Kind::relu:
      return kernels::Function::relu;
    case Activation::Kind::softmax:
      break;
  }
  return std::nullopt;
}

}  // namespace engram
