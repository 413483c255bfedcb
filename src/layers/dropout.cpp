// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/dropout.hpp"

#include "layers/noise_plan.hpp"

namespace engram {

namespace {

void visit_options(Dropout& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("rate", o.rate, in_range_below(0, 1));
  v.option("seed", o.seed);
  v.option("noise_shape", o.noise_shape);
}

bool dropout_is_identity(const void* options, bool is_training) {
  return !is_training || options_as<Dropout>(options).rate == 0;
}

std::unique_ptr<LayerPlan> dropout_plan(const void* options, const LayerSizes& sizes) {
  const auto& o = options_as<Dropout>(options);
  return std::make_unique<NoisePlan<DropoutNoise>>(
      DropoutNoise{o.rate}, o.seed, sizes, o.noise_shape);
}

}  // namespace

const LayerSpec& dropout_spec() {
  static const LayerSpec spec = {.class_name = "Dropout",
                                 .auto_name = "dropout",
                                 .access = options_access<Dropout, visit_options>(),
                                 .output_shape = noisy_shape<Dropout>,
                                 .plan = dropout_plan,
                                 .is_identity = dropout_is_identity};
  return spec;
}

const LayerSpec& spec_of(const Dropout&) { return dropout_spec(); }

}  // namespace engram
