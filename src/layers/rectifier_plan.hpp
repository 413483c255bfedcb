// SPDX-License-Identifier: Apache-2.0
/// The plan of ReLU and LeakyReLU.
#pragma once

#include "kernels/rectifiers.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

class RectifierPlan final : public LayerPlan {
 public:
  RectifierPlan(const kernels::Rectifier& rectifier, const LayerSizes& sizes)
      : rectifier_(rectifier), size_(size_of(sizes.output)) {}

  void forward(const SliceRun& run) const override {
    kernels::rectify(rectifier_, run.inputs[0].value, run.output.value, run.rows * size_);
  }

  void backward(const SliceRun& run) const override {
    if (const Signal& x = run.inputs[0]; x.gradient != nullptr) {
      kernels::rectify_gradient(
          rectifier_, x.value, run.output.gradient, x.gradient, run.rows * size_);
    }
  }

 private:
  kernels::Rectifier rectifier_;
  std::int64_t size_;
};

}  // namespace engram
