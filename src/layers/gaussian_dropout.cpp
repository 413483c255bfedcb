// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/gaussian_dropout.hpp"

#include <cmath>

#include "kernels/noise.hpp"
#include "layers/noise_plan.hpp"

namespace engram {

namespace {

void visit_options(GaussianDropout& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("rate", o.rate, in_range_below(0, 1));
  v.option("seed", o.seed);
}

struct GaussianDropoutNoise : DropoutNoise {
  void draw(float* f, std::int64_t n, const kernels::DropoutKey& key) const {
    kernels::normal_numbers(f, n, 1, std::sqrt(rate / (1 - rate)), key);
  }
};

bool gaussian_dropout_is_identity(const void* options, bool is_training) {
  return !is_training || options_as<GaussianDropout>(options).rate == 0;
}

std::unique_ptr<LayerPlan> gaussian_dropout_plan(const void* options, const LayerSizes& sizes) {
  const auto& o = options_as<GaussianDropout>(options);
  return std::make_unique<NoisePlan<GaussianDropoutNoise>>(
      GaussianDropoutNoise{{o.rate}}, o.seed, sizes);
}

}  // namespace

const LayerSpec& gaussian_dropout_spec() {
  static const LayerSpec spec = {.class_name = "GaussianDropout",
                                 .auto_name = "gaussian_dropout",
                                 .access = options_access<GaussianDropout, visit_options>(),
                                 .plan = gaussian_dropout_plan,
                                 .is_identity = gaussian_dropout_is_identity};
  return spec;
}

const LayerSpec& spec_of(const GaussianDropout&) { return gaussian_dropout_spec(); }

}  // namespace engram
