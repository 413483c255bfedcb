// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/zero_padding1d.hpp"

#include "layers/rearrange.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

void visit_options(ZeroPadding1D& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.sizes("padding", o.padding, at_least(0));
  v.fixed("data_format", "channels_last");
}

const auto& padding(const void* options) {
  return static_cast<const ZeroPadding1D*>(options)->padding;
}

Shape output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  require_rank(inputs[0], 2, "(batch, time, features)", where);
  Shape shape = inputs[0];
  shape[0] += shape[0] < 0 ? 0 : padding(options)[0] + padding(options)[1];
  return shape;
}

std::unique_ptr<LayerPlan> plan(const void* options, const LayerSizes& sizes) {
  const std::int64_t before = padding(options)[0], steps = sizes.inputs[0][0];
  const auto source = [=](std::int64_t t) {
    return t < before || t >= before + steps ? -1 : t - before;
  };
  return rearrangement_plan(sizes, {.size = sizes.inputs[0][1], .source = source});
}

}  // namespace

const LayerSpec& zero_padding1d_spec() {
  static const LayerSpec spec = {.class_name = "ZeroPadding1D",
                                 .auto_name = "zero_padding1d",
                                 .access = options_access<ZeroPadding1D, visit_options>(),
                                 .output_shape = output_shape,
                                 .plan = plan,
                                 .mask_rule = drops_mask,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const ZeroPadding1D&) { return zero_padding1d_spec(); }

}  // namespace engram
