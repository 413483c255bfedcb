// SPDX-License-Identifier: Apache-2.0
/// What layers that draw a number for each value while training have in common.
#pragma once

#include <optional>

#include "base/phases.hpp"
#include "kernels/elementwise.hpp"
#include "layers/layer_spec.hpp"
#include "layers/shapes.hpp"

namespace engram {

/// Each row has a stream of numbers of its own, which runs on through the steps, or, with
/// `same_places`, is one for the features, the same at each place. They are kept for the backward
/// pass: reading them costs a fifth of drawing them again.
///
/// Noise: draw(numbers, n, key); forward(numbers, x, y, n); backward(numbers, dy, dx, n).
template <class Noise>
class NoisePlan final : public LayerPlan {
 public:
  NoisePlan(const Noise& noise,
            std::optional<std::int64_t> seed,
            const LayerSizes& sizes,
            bool same_places = false)
      : noise_(noise),
        seed_(static_cast<std::uint64_t>(seed.value_or(0))),
        layout_(sizes.inputs[0]),
        rows_(sizes.rows),
        drawn_steps_(same_places ? 1 : layout_.steps),
        width_(same_places ? sizes.inputs[0].back() : layout_.inner),
        stride_((width_ + 3) / 4 * 4) {}  // whole blocks of random numbers

  std::int64_t workspace_floats() const override { return rows_ * drawn_steps_ * stride_; }

  void forward(const SliceRun& run) const override {
    const PhaseTimer timer(Phase::dropout);
    for (std::int64_t row = 0; row < run.rows; ++row) {
      const kernels::DropoutKey key{.seed = run.seed + seed_,
                                    .step = run.step,
                                    .layer = run.position * 16u,
                                    .row = static_cast<std::uint32_t>(run.first_row + row)};
      noise_.draw(numbers(run, row, 0), drawn_steps_ * stride_, key);
    }
    each_row(run, [&](const float* drawn, std::int64_t at) {
      noise_.forward(drawn, run.inputs[0].value + at, run.output.value + at, width_);
    });
  }

  void backward(const SliceRun& run) const override {
    float* dx = run.inputs[0].gradient;
    if (dx == nullptr) {
      return;
    }
    const PhaseTimer timer(Phase::dropout);
    each_row(run, [&](const float* drawn, std::int64_t at) {
      noise_.backward(drawn, run.output.gradient + at, dx + at, width_);
    });
  }

 private:
  float* numbers(const SliceRun& run, std::int64_t row, std::int64_t t) const {
    return run.workspace + (row * drawn_steps_ + t % drawn_steps_) * stride_;
  }

  template <class Visit>
  void each_row(const SliceRun& run, const Visit& visit) const {
    for (std::int64_t t = 0; t < layout_.steps; ++t) {
      for (std::int64_t row = 0; row < run.rows; ++row) {
        const std::int64_t at = (t * run.rows + row) * layout_.inner;
        for (std::int64_t i = 0; i < layout_.inner; i += width_) {
          visit(numbers(run, row, t), at + i);
        }
      }
    }
  }

  Noise noise_;
  std::uint64_t seed_;
  TimeMajor layout_;
  std::int64_t rows_, drawn_steps_, width_, stride_;
};

/// Factors 0 with probability `rate`, else 1 / (1 - rate).
struct DropoutNoise {
  float rate = 0;

  void draw(float* factors, std::int64_t n, const kernels::DropoutKey& key) const {
    kernels::dropout_factors(factors, n, rate, key);
  }

  void forward(const float* factors, const float* x, float* y, std::int64_t n) const {
    kernels::multiply(x, factors, y, n);
  }

  void backward(const float* factors, const float* dy, float* dx, std::int64_t n) const {
    kernels::multiply(dy, factors, dx, n);
  }
};

}  // namespace engram
