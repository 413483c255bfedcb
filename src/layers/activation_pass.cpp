// SPDX-License-Identifier: Apache-2.0
#include "layers/activation_pass.hpp"

#include "kernels/elementwise.hpp"
#include "parts/functions.hpp"

namespace engram {

namespace k = kernels;

ActivationPass::ActivationPass(Activation activation)
    : activation_(activation), function_(function_of(activation)) {}

void ActivationPass::forward(const float* x,
                             float* y,
                             std::int64_t rows,
                             std::int64_t columns) const {
  if (function_) {
    if (*function_ != k::Function::linear || x != y) {
      k::apply(*function_, x, y, rows * columns);
    }
  } else if (activation_ == Activation::Kind::softmax) {
    k::softmax(x, y, rows, columns);
  } else {
    k::log_softmax(x, y, rows, columns);
  }
}

const float* ActivationPass::backward(
    const SliceRun& run, const float* x, float* dx, std::int64_t rows, std::int64_t columns) const {
  const Signal& y = run.output;
  if (run.is_gradient_of_logits || function_ == k::Function::linear) {
    return y.gradient;
  }
  if (function_) {
    const float* kept = keeps_input() ? x : y.value;
    k::apply_gradient(*function_, kept, y.gradient, dx, rows * columns);
  } else if (activation_ == Activation::Kind::softmax) {
    k::softmax_gradient(y.value, y.gradient, dx, rows, columns);
  } else {
    k::log_softmax_gradient(y.value, y.gradient, dx, rows, columns);
  }
  return dx;
}

LogitsOf logits_behind(Activation activation) {
  switch (activation.kind()) {
    case Activation::Kind::softmax:
      return LogitsOf::softmax;
    case Activation::Kind::sigmoid:
      return LogitsOf::sigmoid;
    default:
      return LogitsOf::none;
  }
}

}  // namespace engram
