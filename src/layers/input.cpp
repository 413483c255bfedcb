// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/input.hpp"

#include <array>

#include "layers/layer_spec.hpp"

namespace engram {

namespace {

// Numbers are held as float32, whatever type it is.
constexpr std::array<std::string_view, 4> kTypes = {"float32", "int32", "int64", "string"};

void visit_options(Input& o, OptionVisitor& v) {
  v.option("shape", o.shape);
  v.option("batch_size", o.batch_size, at_least(1));
  v.choice("dtype", o.dtype, kTypes);
  v.option("name", o.name);
}

// Whether samples have the declared shape is the model's to check: a stream feeds single steps.
Shape input_output_shape(const void*, std::span<const Shape> inputs, std::string_view) {
  return inputs[0];
}

bool input_is_identity(const void*, bool) { return true; }

std::unique_ptr<LayerPlan> input_plan(const void*, const LayerSizes&) { return nullptr; }

}  // namespace

bool is_text_input(const Layer& layer) {
  const Input* input = layer.get_if<Input>();
  return input != nullptr && input->dtype == "string";
}

const LayerSpec& input_spec() {
  static const LayerSpec spec = {.class_name = "InputLayer",
                                 .auto_name = "input_layer",
                                 .access = options_access<Input, visit_options>(),
                                 .output_shape = input_output_shape,
                                 .weights = no_weights,
                                 .plan = input_plan,
                                 .mask_rule = passes_mask,
                                 .is_identity = input_is_identity,
                                 .logits_of = no_logits,
                                 .flops = no_flops};
  return spec;
}

const LayerSpec& spec_of(const Input&) { return input_spec(); }

}  // namespace engram
