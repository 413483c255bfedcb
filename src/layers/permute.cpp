// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/permute.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "layers/rearrange.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

void visit_options(Permute& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("dims", o.dims);
}

const Shape& dims(const void* options) { return options_as<Permute>(options).dims; }

Shape permute_output_shape(const void* options,
                           std::span<const Shape> inputs,
                           std::string_view where) {
  Shape order = dims(options), shape;
  std::ranges::sort(order);
  bool is_order = order.size() == inputs[0].size();
  for (std::size_t i = 0; is_order && i < order.size(); ++i) {
    is_order = order[i] == static_cast<std::int64_t>(i) + 1;
  }
  if (!is_order) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "dims that order the axes 1 to " +
                                         std::to_string(inputs[0].size()) + " of the samples",
                             .got = to_string(dims(options))});
  }
  for (const std::int64_t axis : dims(options)) {
    shape.push_back(inputs[0][static_cast<std::size_t>(axis - 1)]);
  }
  return shape;
}

std::unique_ptr<LayerPlan> permute_plan(const void* options, const LayerSizes& sizes) {
  return permutation_plan(sizes, dims(options));
}

}  // namespace

const LayerSpec& permute_spec() {
  static const LayerSpec spec = {.class_name = "Permute",
                                 .auto_name = "permute",
                                 .access = options_access<Permute, visit_options>(),
                                 .output_shape = permute_output_shape,
                                 .plan = permute_plan,
                                 .mask_rule = drops_mask,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const Permute&) { return permute_spec(); }

}  // namespace engram
