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

struct Noise : DropoutNoise {
  void draw(float* f, std::int64_t n, const kernels::DropoutKey& key) const {
    kernels::normal_numbers(f, n, 1, std::sqrt(rate / (1 - rate)), key);
  }
};

bool is_identity(const void* options, bool is_training) {
  return !is_training || static_cast<const GaussianDropout*>(options)->rate == 0;
}

std::unique_ptr<LayerPlan> plan(const void* options, const LayerSizes& sizes) {
  const auto& o = *static_cast<const GaussianDropout*>(options);
  return std::make_unique<NoisePlan<Noise>>(Noise{{o.rate}}, o.seed, sizes);
}

}  // namespace

const LayerSpec& gaussian_dropout_spec() {
  static const LayerSpec spec = {.class_name = "GaussianDropout",
                                 .auto_name = "gaussian_dropout",
                                 .access = options_access<GaussianDropout, visit_options>(),
                                 .plan = plan,
                                 .is_identity = is_identity};
  return spec;
}

const LayerSpec& spec_of(const GaussianDropout&) { return gaussian_dropout_spec(); }

}  // namespace engram
