// SPDX-License-Identifier: Apache-2.0
/// What layers that draw a number for each value while training have in common.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "base/phases.hpp"
#include "kernels/elementwise.hpp"
#include "layers/layer_spec.hpp"
#include "layers/shapes.hpp"

namespace engram {

/// Keras's noise_shape without its batch axis and with all sizes, in place of an empty one too.
inline Shape noise_of(const Shape& noise_shape, const Shape& sample) {
  Shape noise = sample;
  for (std::size_t i = 1; i < noise_shape.size(); ++i) {
    noise[i - 1] = noise_shape[i] < 0 ? noise[i - 1] : noise_shape[i];
  }
  return noise;
}

/// LayerSpec::output_shape of a layer with the option noise_shape. Errors: ShapeError.
template <class Options>
Shape noisy_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  const Shape& noise = options_as<Options>(options).noise_shape;
  bool fits =
      noise.empty() || (noise.size() == inputs[0].size() + 1 && (noise[0] == 1 || noise[0] < 0));
  for (std::size_t i = 1; fits && i < noise.size(); ++i) {
    fits = noise[i] < 0 || noise[i] == 1 || noise[i] == inputs[0][i - 1];
  }
  if (!fits) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected =
                                 "noise_shape with None, 1 or the input's size for each axis, "
                                 "None or 1 for the batch's",
                             .got = to_string(noise) + " for samples of " + to_string(inputs[0])});
  }
  return inputs[0];
}

/// Each row has a stream of numbers of its own, or, where noise_shape says so, all rows have one.
/// It runs on through the steps, or, by noise_shape, is the same in each. They are kept for the
/// backward pass: reading them costs a fifth of drawing them again.
///
/// Noise: draw(numbers, n, key); forward(numbers, x, y, n); backward(numbers, dy, dx, n).
template <class Noise>
class NoisePlan final : public LayerPlan {
 public:
  NoisePlan(const Noise& noise,
            std::optional<std::int64_t> seed,
            const LayerSizes& sizes,
            const Shape& noise_shape = {})
      : noise_(noise),
        seed_(static_cast<std::uint64_t>(seed.value_or(0))),
        layout_(sizes.inputs[0]),
        rows_(sizes.rows),
        same_rows_(!noise_shape.empty() && noise_shape[0] == 1),
        drawn_steps_(layout_.steps) {
    const Shape& sample = sizes.inputs[0];
    const Shape drawn = noise_of(noise_shape, sample);
    if (sample.size() > 1) {
      drawn_steps_ = std::min(drawn_steps_, drawn[0]);
    }
    const TimeMajor drawn_layout(drawn);
    if (drawn_layout.inner != layout_.inner) {
      spread(sample, drawn);
    }
    stride_ = (drawn_layout.inner + 3) / 4 * 4;  // whole blocks of random numbers
    drawn_ = aligned_floats(rows_ * drawn_steps_ * stride_);
  }

  std::int64_t workspace_floats() const override {
    return drawn_ + static_cast<std::int64_t>(from_.size());
  }

  void forward(const SliceRun& run) const override {
    const PhaseTimer timer(Phase::dropout);
    for (std::int64_t row = 0; row < run.rows; ++row) {
      const kernels::DropoutKey key{
          .seed = run.seed + seed_,
          .step = run.step,
          .layer = run.position * 16u,
          .row = same_rows_ ? 0u : static_cast<std::uint32_t>(run.first_row + row)};
      noise_.draw(numbers(run, row, 0), drawn_steps_ * stride_, key);
    }
    each_row(run, [&](const float* drawn, std::int64_t at) {
      noise_.forward(drawn, run.inputs[0].value + at, run.output.value + at, layout_.inner);
    });
  }

  void backward(const SliceRun& run) const override {
    float* dx = run.inputs[0].gradient;
    if (dx == nullptr) {
      return;
    }
    const PhaseTimer timer(Phase::dropout);
    each_row(run, [&](const float* drawn, std::int64_t at) {
      noise_.backward(drawn, run.output.gradient + at, dx + at, layout_.inner);
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
        const float* drawn = numbers(run, row, t);
        if (!from_.empty()) {
          float* spread = run.workspace + drawn_;
          std::ranges::transform(from_, spread, [&](std::int64_t i) { return drawn[i]; });
          drawn = spread;
        }
        visit(drawn, (t * run.rows + row) * layout_.inner);
      }
    }
  }

  /// Notes which of the numbers drawn for a step each of its values takes.
  void spread(const Shape& sample, const Shape& drawn) {
    const std::size_t first = sample.size() > 1 ? 1 : 0;
    for (std::int64_t i = 0; i < layout_.inner; ++i) {
      std::int64_t rest = i, from = 0, size = 1;
      for (std::size_t axis = sample.size(); axis-- > first;) {
        from += rest % sample[axis] % drawn[axis] * size;
        rest /= sample[axis];
        size *= drawn[axis];
      }
      from_.push_back(from);
    }
  }

  Noise noise_;
  std::uint64_t seed_;
  TimeMajor layout_;
  std::int64_t rows_;
  bool same_rows_;
  std::int64_t drawn_steps_, stride_ = 0, drawn_ = 0;
  std::vector<std::int64_t> from_;  ///< see spread; empty: each value has a number of its own
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
