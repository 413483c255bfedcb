// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/softmax.hpp"

#include "base/error.hpp"
#include "engram/layers/activation.hpp"
#include "layers/layer_spec.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

void visit_options(Softmax& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("axis", o.axis, any());
}

Shape softmax_output_shape(const void* options,
                           std::span<const Shape> inputs,
                           std::string_view where) {
  require_last_axis(options_as<Softmax>(options).axis, inputs[0], where);
  return inputs[0];
}

std::unique_ptr<LayerPlan> softmax_plan(const void*, const LayerSizes& sizes) {
  if (sizes.has_mask) {  // Keras would take a mask of steps for one of features
    throw error<ShapeError>({.where = "Softmax",
                             .expected = "input without a mask",
                             .got = "one with a mask",
                             .remedy = "Use Activation softmax."});
  }
  const ActivationLayer softmax{.activation = "softmax"};
  return spec_of(softmax).plan(&softmax, sizes);
}

LogitsOf softmax_logits(const void*) { return LogitsOf::softmax; }

}  // namespace

const LayerSpec& softmax_spec() {
  static const LayerSpec spec = {.class_name = "Softmax",
                                 .auto_name = "softmax",
                                 .access = options_access<Softmax, visit_options>(),
                                 .output_shape = softmax_output_shape,
                                 .plan = softmax_plan,
                                 .logits_of = softmax_logits};
  return spec;
}

const LayerSpec& spec_of(const Softmax&) { return softmax_spec(); }

}  // namespace engram
