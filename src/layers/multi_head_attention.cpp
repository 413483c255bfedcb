// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/multi_head_attention.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "layers/attention_head.hpp"
#include "layers/projected_attention.hpp"

namespace engram {

namespace {

void visit_options(MultiHeadAttention& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("num_heads", o.num_heads, at_least(1));
  v.option("key_dim", o.key_dim, at_least(1));
  v.option("value_dim", o.value_dim, at_least(1));
  v.option("dropout", o.dropout, in_range_below(0, 1));
  v.option("use_bias", o.use_bias);
  v.option("use_gate", o.use_gate);
  v.option("output_shape", o.output_shape);
  v.option("attention_axes", o.attention_axes);
  v.option("sliding_window", o.sliding_window, at_least(1));
  v.option("kernel_initializer", o.kernel_initializer);
  v.option("bias_initializer", o.bias_initializer);
  visit_kind(v, "kernel_regularizer", o.kernel_regularizer);
  visit_kind(v, "bias_regularizer", o.bias_regularizer);
  visit_kind(v, "activity_regularizer", o.activity_regularizer);
  visit_kind(v, "kernel_constraint", o.kernel_constraint);
  visit_kind(v, "bias_constraint", o.bias_constraint);
  v.option("seed", o.seed);
  v.call_option("use_causal_mask", o.use_causal_mask);
  v.call_option("return_attention_scores", o.return_attention_scores);
}

ProjectedAttention multi_head_attention_common(const void* options, std::span<const Shape> inputs) {
  const MultiHeadAttention& o = options_as<MultiHeadAttention>(options);
  ProjectedAttention common = projected_attention_of(o);
  common.heads = common.key_value_heads = o.num_heads;
  common.key_dim = o.key_dim;
  common.value_dim = o.value_dim.value_or(o.key_dim);
  common.features =
      o.output_shape.empty() ? (inputs.empty() ? 0 : inputs[0][1]) : o.output_shape[0];
  return common;
}

Shape multi_head_attention_output_shape(const void* options,
                                        std::span<const Shape> inputs,
                                        std::string_view where) {
  const MultiHeadAttention& o = options_as<MultiHeadAttention>(options);
  check_attention_inputs(inputs, where);
  const auto check = [&](const char* name, const Shape& shape, bool is_good, const char* rule) {
    if (!is_good) {
      throw error<OptionError>({.where = std::string(where),
                                .expected = fmt::format("{} {}", name, rule),
                                .got = to_string(shape)});
    }
  };
  check("attention_axes",
        o.attention_axes,
        o.attention_axes.empty() || o.attention_axes == Shape{1},
        "1, the time axis");
  check("output_shape",
        o.output_shape,
        o.output_shape.empty() || (o.output_shape.size() == 1 && o.output_shape[0] >= 1),
        "of one size of at least 1");
  return {inputs[0][0], multi_head_attention_common(options, inputs).features};
}

}  // namespace

const LayerSpec& multi_head_attention_spec() {
  static const LayerSpec spec = [] {
    LayerSpec made =
        projected_attention_spec<MultiHeadAttention, visit_options, multi_head_attention_common>(
            "MultiHeadAttention", "multi_head_attention");
    made.output_shape = multi_head_attention_output_shape;
    made.output_regularizer = [](const void*) { return Regularizer(); };
    return made;
  }();
  return spec;
}

const LayerSpec& spec_of(const MultiHeadAttention&) { return multi_head_attention_spec(); }

}  // namespace engram
