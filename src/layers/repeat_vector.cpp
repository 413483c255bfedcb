// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/repeat_vector.hpp"

#include "layers/rearrange.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

void visit_options(RepeatVector& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("n", o.n, at_least(1));
}

Shape repeat_vector_output_shape(const void* options,
                                 std::span<const Shape> inputs,
                                 std::string_view where) {
  require_rank(inputs[0], 1, "(batch, features)", where);
  return {options_as<RepeatVector>(options).n, inputs[0][0]};
}

std::unique_ptr<LayerPlan> repeat_vector_plan(const void*, const LayerSizes& sizes) {
  return rearrangement_plan(sizes,
                            {.size = sizes.inputs[0][0], .source = [](std::int64_t) { return 0; }});
}

}  // namespace

const LayerSpec& repeat_vector_spec() {
  static const LayerSpec spec = {.class_name = "RepeatVector",
                                 .auto_name = "repeat_vector",
                                 .access = options_access<RepeatVector, visit_options>(),
                                 .output_shape = repeat_vector_output_shape,
                                 .plan = repeat_vector_plan,
                                 .mask_rule = drops_mask};
  return spec;
}

const LayerSpec& spec_of(const RepeatVector&) { return repeat_vector_spec(); }

}  // namespace engram
