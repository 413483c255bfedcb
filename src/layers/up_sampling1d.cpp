// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/up_sampling1d.hpp"

#include "layers/rearrange.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

void visit_options(UpSampling1D& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("size", o.size, at_least(1));
}

std::int64_t size(const void* options) { return static_cast<const UpSampling1D*>(options)->size; }

Shape output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  require_rank(inputs[0], 2, "(batch, time, features)", where);
  Shape shape = inputs[0];
  shape[0] *= shape[0] < 0 ? 1 : size(options);
  return shape;
}

std::unique_ptr<LayerPlan> plan(const void* options, const LayerSizes& sizes) {
  const std::int64_t times = size(options);
  return rearrangement_plan(
      sizes, {.size = sizes.inputs[0][1], .source = [=](std::int64_t t) { return t / times; }});
}

}  // namespace

const LayerSpec& up_sampling1d_spec() {
  static const LayerSpec spec = {.class_name = "UpSampling1D",
                                 .auto_name = "up_sampling1d",
                                 .access = options_access<UpSampling1D, visit_options>(),
                                 .output_shape = output_shape,
                                 .plan = plan,
                                 .mask_rule = drops_mask,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const UpSampling1D&) { return up_sampling1d_spec(); }

}  // namespace engram
