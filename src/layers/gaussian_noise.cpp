// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/gaussian_noise.hpp"

#include <algorithm>

#include "kernels/noise.hpp"
#include "layers/noise_plan.hpp"

namespace engram {

namespace {

void visit_options(GaussianNoise& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("stddev", o.stddev, in_range(0, 1));
  v.option("seed", o.seed);
}

struct GaussianNoiseNoise {
  float stddev = 0;

  void draw(float* z, std::int64_t n, const kernels::DropoutKey& key) const {
    kernels::normal_numbers(z, n, 0, stddev, key);
  }

  void forward(const float* z, const float* x, float* y, std::int64_t n) const {
    std::copy_n(x, n, y);
    kernels::add(z, y, n);
  }

  void backward(const float*, const float* dy, float* dx, std::int64_t n) const {
    std::copy_n(dy, n, dx);
  }
};

bool gaussian_noise_is_identity(const void* options, bool is_training) {
  return !is_training || options_as<GaussianNoise>(options).stddev == 0;
}

std::unique_ptr<LayerPlan> gaussian_noise_plan(const void* options, const LayerSizes& sizes) {
  const auto& o = options_as<GaussianNoise>(options);
  return std::make_unique<NoisePlan<GaussianNoiseNoise>>(
      GaussianNoiseNoise{o.stddev}, o.seed, sizes);
}

}  // namespace

const LayerSpec& gaussian_noise_spec() {
  static const LayerSpec spec = {.class_name = "GaussianNoise",
                                 .auto_name = "gaussian_noise",
                                 .access = options_access<GaussianNoise, visit_options>(),
                                 .plan = gaussian_noise_plan,
                                 .is_identity = gaussian_noise_is_identity};
  return spec;
}

const LayerSpec& spec_of(const GaussianNoise&) { return gaussian_noise_spec(); }

}  // namespace engram
