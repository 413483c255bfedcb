// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/alpha_dropout.hpp"

#include <cmath>

#include "kernels/noise.hpp"
#include "layers/noise_plan.hpp"

namespace engram {

namespace {

void visit_options(AlphaDropout& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("rate", o.rate, in_range_below(0, 1));
  v.option("seed", o.seed);
  v.option("noise_shape", o.noise_shape);
}

/// Keras's: selu's limit takes the place of what is dropped; then mean and variance are mended.
kernels::AlphaDropping dropping(double rate) {
  constexpr double kLimit = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946;
  const double a = 1 / std::sqrt((1 - rate) * (1 + rate * kLimit * kLimit));
  const double b = -a * kLimit * rate;
  return {.kept_scale = static_cast<float>(a),
          .offset = static_cast<float>(b),
          .dropped = static_cast<float>(a * kLimit + b)};
}

struct AlphaDropoutNoise {
  DropoutNoise drawn;
  kernels::AlphaDropping values;

  void draw(float* f, std::int64_t n, const kernels::DropoutKey& key) const {
    drawn.draw(f, n, key);
  }

  void forward(const float* f, const float* x, float* y, std::int64_t n) const {
    kernels::alpha_drop(values, f, x, y, n);
  }

  void backward(const float* f, const float* dy, float* dx, std::int64_t n) const {
    kernels::alpha_drop({.kept_scale = values.kept_scale}, f, dy, dx, n);
  }
};

bool alpha_dropout_is_identity(const void* options, bool is_training) {
  return !is_training || options_as<AlphaDropout>(options).rate == 0;
}

std::unique_ptr<LayerPlan> alpha_dropout_plan(const void* options, const LayerSizes& sizes) {
  const auto& o = options_as<AlphaDropout>(options);
  return std::make_unique<NoisePlan<AlphaDropoutNoise>>(
      AlphaDropoutNoise{.drawn = {o.rate}, .values = dropping(o.rate)},
      o.seed,
      sizes,

      o.noise_shape);
}

}  // namespace

const LayerSpec& alpha_dropout_spec() {
  static const LayerSpec spec = {.class_name = "AlphaDropout",
                                 .auto_name = "alpha_dropout",
                                 .access = options_access<AlphaDropout, visit_options>(),
                                 .output_shape = noisy_shape<AlphaDropout>,
                                 .plan = alpha_dropout_plan,
                                 .is_identity = alpha_dropout_is_identity};
  return spec;
}

const LayerSpec& spec_of(const AlphaDropout&) { return alpha_dropout_spec(); }

}  // namespace engram
