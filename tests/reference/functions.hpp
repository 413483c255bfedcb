// SPDX-License-Identifier: Apache-2.0
/// Functions of one value in float64: the specification of src/kernels/functions-inl.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/recurrent.hpp"

namespace engram::reference {

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

inline double value_of(kernels::Function f, double x) {
  switch (f) {
    case kernels::Function::linear:
      return x;
    case kernels::Function::tanh:
      return std::tanh(x);
    case kernels::Function::sigmoid:
      return sigmoid(x);
    case kernels::Function::hard_sigmoid:
      return std::min(std::max(x / 6 + 0.5, 0.0), 1.0);
    case kernels::Function::relu:
      return std::max(x, 0.0);
  }
  return x;
}

/// The derivative at x, from the result y.
inline double slope_of(kernels::Function f, double y) {
  switch (f) {
    case kernels::Function::linear:
      return 1;
    case kernels::Function::tanh:
      return 1 - y * y;
    case kernels::Function::sigmoid:
      return y * (1 - y);
    case kernels::Function::hard_sigmoid:
      return y > 0 && y < 1 ? 1.0 / 6 : 0;
    case kernels::Function::relu:
      return y > 0 ? 1 : 0;
  }
  return 1;
}

}  // namespace engram::reference
