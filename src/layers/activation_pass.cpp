// SPDX-License-Identifier: Apache-2.0
#include "layers/activation_pass.hpp"

#include "kernels/elementwise.hpp"
#include "parts/functions.hpp"

namespace engram {

namespace k = kernels;

ActivationPass::ActivationPass(Activation activation) : function_(function_of(activation)) {}

void ActivationPass::forward(const float* x,
                             float* y,
                             std::int64_t rows,
                             std::int64_t columns) const {
  if (!function_) {
    k::softmax(x, y, rows, columns);
  } else if (*function_ != k::Function::linear || x != y) {
    k::apply(*function_, x, y, rows * columns);
  }
}

const float* ActivationPass::backward(const SliceRun& run,
                                      float* dx,
                                      std::int64_t rows,
                                      std::int64_t columns) const {
  const Signal& y = run.output;
  if (run.is_gradient_of_logits || function_ == k::Function::linear) {
    return y.gradient;
  }
  if (function_) {
    k::apply_gradient(*function_, y.value, y.gradient, dx, rows * columns);
  } else {
    k::softmax_gradient(y.value, y.gradient, dx, rows, columns);
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
