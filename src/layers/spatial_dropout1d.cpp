// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/spatial_dropout1d.hpp"

#include "layers/noise_plan.hpp"

namespace engram {

namespace {

void visit_options(SpatialDropout1D& o, OptionVisitor& v) {
  v.option("rate", o.rate, in_range_below(0, 1));
  v.option("seed", o.seed);
  v.option("name", o.name);
}

Shape output_shape(const void*, std::span<const Shape> inputs, std::string_view where) {
  require_rank(inputs[0], 2, "(batch, time, features)", where);
  return inputs[0];
}

bool is_identity(const void* options, bool is_training) {
  return !is_training || static_cast<const SpatialDropout1D*>(options)->rate == 0;
}

std::unique_ptr<LayerPlan> plan(const void* options, const LayerSizes& sizes) {
  const auto& o = *static_cast<const SpatialDropout1D*>(options);
  return std::make_unique<NoisePlan<DropoutNoise>>(
      DropoutNoise{o.rate}, o.seed, sizes, /*same_steps=*/true);
}

}  // namespace

const LayerSpec& spatial_dropout1d_spec() {
  static const LayerSpec spec = {.class_name = "SpatialDropout1D",
                                 .auto_name = "spatial_dropout1d",
                                 .access = options_access<SpatialDropout1D, visit_options>(),
                                 .output_shape = output_shape,
                                 .plan = plan,
                                 .is_identity = is_identity};
  return spec;
}

const LayerSpec& spec_of(const SpatialDropout1D&) { return spatial_dropout1d_spec(); }

}  // namespace engram
