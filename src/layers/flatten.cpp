// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/flatten.hpp"

#include "layers/data_format.hpp"
#include "layers/rearrange.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

void visit_options(Flatten& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  visit_data_format(v, o.data_format);
}

Shape flatten_output_shape(const void*, std::span<const Shape> inputs, std::string_view where) {
  return {known_size(inputs[0], where)};
}

std::unique_ptr<LayerPlan> flatten_plan(const void*, const LayerSizes& sizes) {
  return reshaping_plan(sizes);
}

}  // namespace

const LayerSpec& flatten_spec() {
  static const LayerSpec spec =
      with_data_format<Flatten, 0>({.class_name = "Flatten",
                                    .auto_name = "flatten",
                                    .access = options_access<Flatten, visit_options>(),
                                    .output_shape = flatten_output_shape,
                                    .plan = flatten_plan,
                                    .mask_rule = drops_mask,
                                    .mixes_steps = true});
  return spec;
}

const LayerSpec& spec_of(const Flatten&) { return flatten_spec(); }

}  // namespace engram
