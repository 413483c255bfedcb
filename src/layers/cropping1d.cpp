// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/cropping1d.hpp"

#include "base/error.hpp"
#include "layers/rearrange.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

void visit_options(Cropping1D& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.sizes("cropping", o.cropping, at_least(0));
}

const auto& cropping(const void* options) {
  return static_cast<const Cropping1D*>(options)->cropping;
}

Shape output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  require_rank(inputs[0], 2, "(batch, time, features)", where);
  Shape shape = inputs[0];
  const std::int64_t cut = cropping(options)[0] + cropping(options)[1];
  if (shape[0] >= 0 && shape[0] <= cut) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "more than " + std::to_string(cut) + " steps to crop",
                             .got = std::to_string(shape[0])});
  }
  shape[0] -= shape[0] < 0 ? 0 : cut;
  return shape;
}

std::unique_ptr<LayerPlan> plan(const void* options, const LayerSizes& sizes) {
  const std::int64_t before = cropping(options)[0];
  return rearrangement_plan(
      sizes, {.size = sizes.inputs[0][1], .source = [=](std::int64_t t) { return t + before; }});
}

}  // namespace

const LayerSpec& cropping1d_spec() {
  static const LayerSpec spec = {.class_name = "Cropping1D",
                                 .auto_name = "cropping1d",
                                 .access = options_access<Cropping1D, visit_options>(),
                                 .output_shape = output_shape,
                                 .plan = plan,
                                 .mask_rule = drops_mask,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const Cropping1D&) { return cropping1d_spec(); }

}  // namespace engram
