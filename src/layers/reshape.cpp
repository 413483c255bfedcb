// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/reshape.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "layers/rearrange.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

void visit_options(Reshape& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("target_shape", o.target_shape);
}

Shape reshape_output_shape(const void* options,
                           std::span<const Shape> inputs,
                           std::string_view where) {
  const Shape& target = options_as<Reshape>(options).target_shape;
  Shape shape = target;
  std::int64_t known = 1, open = 0;
  bool is_sound = true;
  for (const std::int64_t axis : target) {
    open += axis == -1 ? 1 : 0;
    known *= axis == -1 ? 1 : axis;
    is_sound &= axis == -1 || axis >= 1;
  }
  const bool is_unknown = std::ranges::count(inputs[0], -1) > 0;
  if (is_sound && open == 1 && is_unknown) {
    return shape;  // what the lengths leave, only a batch knows
  }
  const std::int64_t size = known_size(inputs[0], where);
  if (!is_sound || open > 1 || (open == 0 && known != size) || size % known != 0) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "a target_shape of " + std::to_string(size) + " values",
                             .got = to_string(target),
                             .remedy = "One axis may be -1."});
  }
  std::ranges::replace(shape, -1, size / known);
  return shape;
}

std::unique_ptr<LayerPlan> reshape_plan(const void*, const LayerSizes& sizes) {
  return reshaping_plan(sizes);
}

}  // namespace

const LayerSpec& reshape_spec() {
  static const LayerSpec spec = {.class_name = "Reshape",
                                 .auto_name = "reshape",
                                 .access = options_access<Reshape, visit_options>(),
                                 .output_shape = reshape_output_shape,
                                 .plan = reshape_plan,
                                 .mask_rule = drops_mask,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const Reshape&) { return reshape_spec(); }

}  // namespace engram
