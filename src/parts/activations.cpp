// SPDX-License-Identifier: Apache-2.0
#include "engram/activations.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "parts/functions.hpp"

namespace engram {

namespace {

/// In the order of Activation::Kind.
constexpr std::array<std::string_view, 27> kNames = {
    "linear",         "tanh",        "sigmoid",     "hard_sigmoid", "relu",
    "softmax",        "relu6",       "leaky_relu",  "elu",          "celu",
    "selu",           "softplus",    "log_sigmoid", "softsign",     "exponential",
    "soft_shrink",    "hard_shrink", "hard_tanh",   "tanh_shrink",  "sparse_plus",
    "sparse_sigmoid", "squareplus",  "silu",        "hard_silu",    "gelu",
    "mish",           "log_softmax"};

Activation::Kind kind_of(std::string_view name) {
  if (name == "swish" || name == "hard_swish") {
    return name == "swish" ? Activation::Kind::silu : Activation::Kind::hard_silu;
  }
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
    case Activation::Kind::relu6:
      return kernels::Function::relu6;
    case Activation::Kind::leaky_relu:
      return kernels::Function::leaky_relu;
    case Activation::Kind::elu:
    case Activation::Kind::celu:  // alpha is 1
      return kernels::Function::elu;
    case Activation::Kind::selu:
      return kernels::Function::selu;
    case Activation::Kind::softplus:
      return kernels::Function::softplus;
    case Activation::Kind::log_sigmoid:
      return kernels::Function::log_sigmoid;
    case Activation::Kind::softsign:
      return kernels::Function::softsign;
    case Activation::Kind::exponential:
      return kernels::Function::exponential;
    case Activation::Kind::soft_shrink:
      return kernels::Function::soft_shrink;
    case Activation::Kind::hard_shrink:
      return kernels::Function::hard_shrink;
    case Activation::Kind::hard_tanh:
      return kernels::Function::hard_tanh;
    case Activation::Kind::tanh_shrink:
      return kernels::Function::tanh_shrink;
    case Activation::Kind::sparse_plus:
      return kernels::Function::sparse_plus;
    case Activation::Kind::sparse_sigmoid:
      return kernels::Function::sparse_sigmoid;
    case Activation::Kind::squareplus:
      return kernels::Function::squareplus;
    case Activation::Kind::silu:
      return kernels::Function::silu;
    case Activation::Kind::hard_silu:
      return kernels::Function::hard_silu;
    case Activation::Kind::gelu:
      return kernels::Function::gelu;
    case Activation::Kind::mish:
      return kernels::Function::mish;
    case Activation::Kind::softmax:
    case Activation::Kind::log_softmax:
      break;
  }
  return std::nullopt;
}

}  // namespace engram
