// SPDX-License-Identifier: Apache-2.0
/// Functions of one value in float64: the specification of src/kernels/functions-inl.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/recurrent.hpp"

namespace engram::reference {

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

inline double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// Keras's formulas.
inline double value_of(kernels::Function f, double x) {
  using F = kernels::Function;
  switch (f) {
    case F::linear:
      return x;
    case F::tanh:
      return std::tanh(x);
    case F::sigmoid:
      return sigmoid(x);
    case F::hard_sigmoid:
      return std::min(std::max(x / 6 + 0.5, 0.0), 1.0);
    case F::relu:
      return std::max(x, 0.0);
    case F::relu6:
      return std::min(std::max(x, 0.0), 6.0);
    case F::leaky_relu:
      return x > 0 ? x : 0.2 * x;
    case F::elu:
      return x > 0 ? x : std::expm1(x);
    case F::selu:
      return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x));
    case F::softplus:
      return softplus(x);
    case F::log_sigmoid:
      return -softplus(-x);
    case F::softsign:
      return x / (1 + std::abs(x));
    case F::exponential:
      return std::exp(x);
    case F::soft_shrink:
      return x > 0.5 ? x - 0.5 : (x < -0.5 ? x + 0.5 : 0);
    case F::hard_shrink:
      return std::abs(x) > 0.5 ? x : 0;
    case F::hard_tanh:
      return std::min(std::max(x, -1.0), 1.0);
    case F::sparse_plus:
      return x <= -1 ? 0 : (x < 1 ? (x + 1) * (x + 1) / 4 : x);
    case F::sparse_sigmoid:
      return std::min(std::max(0.5 * (x + 1), 0.0), 1.0);
    case F::squareplus:
      return (x + std::sqrt(x * x + 4)) / 2;
    case F::tanh_shrink:
      return x - std::tanh(x);
    case F::silu:
      return x * sigmoid(x);
    case F::hard_silu:
      return x * value_of(F::hard_sigmoid, x);
    case F::gelu:
      return x * (1 + std::erf(x / std::sqrt(2.0))) / 2;
    case F::mish:
      return x * std::tanh(softplus(x));
    default:
      return NAN;  // not of one value
  }
}

/// Of all values together, too.
inline std::vector<double> values_of(kernels::Function f, std::vector<double> x) {
  using F = kernels::Function;
  if (!kernels::is_row_function(f)) {
    for (double& v : x) {
      v = value_of(f, v);
    }
    return x;
  }
  double sum = 0;
  for (const double v : x) {
    sum += std::exp(v);
  }
  for (double& v : x) {
    v = f == F::softmax ? std::exp(v) / sum : v - std::log(sum);
  }
  return x;
}

/// The derivative at x by central differences; away from corners good to about 1e-9.
inline double slope_at(kernels::Function f, double x) {
  constexpr double kStep = 1e-5;
  return (value_of(f, x + kStep) - value_of(f, x - kStep)) / (2 * kStep);
}

/// Every function.
inline std::vector<kernels::Function> functions() {
  std::vector<kernels::Function> all;
  for (int i = 0; i <= static_cast<int>(kernels::Function::mish); ++i) {
    all.push_back(static_cast<kernels::Function>(i));
  }
  return all;
}

}  // namespace engram::reference
