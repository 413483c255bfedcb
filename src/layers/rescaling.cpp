// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/rescaling.hpp"

#include "layers/affine_plan.hpp"

namespace engram {

namespace {

void visit_options(Rescaling& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("scale", o.scale, any());
  v.option("offset", o.offset, any());
}

std::unique_ptr<LayerPlan> rescaling_plan(const void* options, const LayerSizes& sizes) {
  const auto& o = options_as<Rescaling>(options);
  const auto values = [affine = Affine{.scale = o.scale, .shift = o.offset}](
                          const SliceRun&, std::int64_t) { return affine; };
  return std::make_unique<AffinePlan<decltype(values)>>(values, sizes);
}

}  // namespace

const LayerSpec& rescaling_spec() {
  static const LayerSpec spec = {.class_name = "Rescaling",
                                 .auto_name = "rescaling",
                                 .access = options_access<Rescaling, visit_options>(),
                                 .plan = rescaling_plan};
  return spec;
}

const LayerSpec& spec_of(const Rescaling&) { return rescaling_spec(); }

}  // namespace engram
