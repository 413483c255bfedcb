// SPDX-License-Identifier: Apache-2.0
/// y = gamma (x - mean) / deviation + beta along the last axis: the plan of LayerNormalization and
/// RMSNormalization.
#pragma once

#include "kernels/normalize.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

struct RowNormalization {
  float epsilon = 0;
  bool has_gamma = true, has_beta = true;  ///< the weights, in this order
  bool is_centered = true;                 ///< else the mean is 0 in place of the row's
};

class RowNormalizationPlan final : public LayerPlan {
 public:
  RowNormalizationPlan(const RowNormalization& o, const LayerSizes& sizes)
      : o_(o),
        C_(sizes.output.back()),
        places_(size_of(sizes.output) / C_),
        most_(places_ * sizes.rows) {}

  /// Mean and 1 / deviation of each place, kept for the backward pass.
  std::int64_t workspace_floats() const override { return 2 * most_; }

  void forward(const SliceRun& run) const override {
    kernels::normalize_rows(run.inputs[0].value,
                            gamma(run.weights),
                            beta(run.weights),
                            o_.epsilon,
                            run.output.value,
                            run.workspace,
                            run.rows * places_,
                            C_,
                            o_.is_centered);
  }

  void backward(const SliceRun& run) const override {
    kernels::normalize_rows_gradient({.x = run.inputs[0].value,
                                      .statistics = run.workspace,
                                      .gamma = gamma(run.weights),
                                      .dy = run.output.gradient,
                                      .dx = run.inputs[0].gradient,
                                      .dgamma = gamma(run.gradients),
                                      .dbeta = beta(run.gradients),
                                      .is_centered = o_.is_centered},
                                     run.rows * places_,
                                     C_);
  }

 private:
  template <class Float>
  Float* gamma(std::span<Float* const> weights) const {
    return o_.has_gamma ? weights[0] : nullptr;
  }

  template <class Float>
  Float* beta(std::span<Float* const> weights) const {
    return o_.has_beta ? weights[o_.has_gamma ? 1 : 0] : nullptr;
  }

  RowNormalization o_;
  std::int64_t C_, places_, most_;
};

}  // namespace engram
