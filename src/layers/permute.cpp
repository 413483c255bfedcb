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

const Shape& dims(const void* options) { return static_cast<const Permute*>(options)->dims; }

Shape output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
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

std::unique_ptr<LayerPlan> plan(const void* options, const LayerSizes& sizes) {
  const Shape& input = sizes.inputs[0];
  Shape strides(input.size(), 1), axes = dims(options), lengths = sizes.output;
  for (std::size_t i = input.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * input[i];
  }
  std::int64_t size = 1;
  if (axes.back() == static_cast<std::int64_t>(axes.size()) && axes.size() > 1) {
    size = lengths.back();  // the last axis stays the last
    axes.pop_back();
    lengths.pop_back();
  }
  const auto source = [&](std::int64_t i) {
    std::int64_t place = 0;
    for (std::size_t axis = axes.size(); axis-- > 0; i /= lengths[axis]) {
      place += i % lengths[axis] * strides[static_cast<std::size_t>(axes[axis] - 1)];
    }
    return place / size;
  };
  return rearrangement_plan(sizes, {.size = size, .source = source});
}

}  // namespace

const LayerSpec& permute_spec() {
  static const LayerSpec spec = {.class_name = "Permute",
                                 .auto_name = "permute",
                                 .access = options_access<Permute, visit_options>(),
                                 .output_shape = output_shape,
                                 .plan = plan,
                                 .mask_rule = drops_mask,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const Permute&) { return permute_spec(); }

}  // namespace engram
