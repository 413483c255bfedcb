// SPDX-License-Identifier: Apache-2.0
/// y = (x - center) scale + shift along the last axis: the plan of Rescaling and Normalization.
#pragma once

#include <algorithm>

#include "kernels/normalize.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

struct Affine {
  float center = 0, scale = 1, shift = 0;
};

/// Values: Affine operator()(const SliceRun&, std::int64_t feature) const.
template <class Values>
class AffinePlan final : public LayerPlan {
 public:
  AffinePlan(Values values, const LayerSizes& sizes)
      : values_(std::move(values)), C_(sizes.output.back()), places_(size_of(sizes.output) / C_) {}

  /// Center, scale, shift, and zeros in place of center and shift for the backward pass.
  std::int64_t workspace_floats() const override { return 4 * C_; }

  void forward(const SliceRun& run) const override {
    float* w = run.workspace;
    for (std::int64_t i = 0; i < C_; ++i) {
      const Affine a = values_(run, i);
      w[i] = a.center;
      w[C_ + i] = a.scale;
      w[2 * C_ + i] = a.shift;
    }
    apply(run, run.inputs[0].value, w, w + 2 * C_, run.output.value);
  }

  void backward(const SliceRun& run) const override {
    if (float* dx = run.inputs[0].gradient; dx != nullptr) {
      float* zeros = run.workspace + 3 * C_;
      std::fill_n(zeros, C_, 0.0f);
      apply(run, run.output.gradient, zeros, zeros, dx);
    }
  }

 private:
  void apply(const SliceRun& run,
             const float* from,
             const float* center,
             const float* shift,
             float* to) const {
    kernels::normalize_columns(from, center, run.workspace + C_, shift, to, run.rows * places_, C_);
  }

  Values values_;
  std::int64_t C_, places_;
};

}  // namespace engram
