// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/group_query_attention.hpp"

#include "base/error.hpp"
#include "layers/attention_head.hpp"
#include "layers/projected_attention.hpp"

namespace engram {

namespace {

void visit_options(GroupQueryAttention& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  visit_activity_regularizer(v, o.activity_regularizer);
  v.option("head_dim", o.head_dim, at_least(1));
  v.option("num_query_heads", o.num_query_heads, at_least(1));
  v.option("num_key_value_heads", o.num_key_value_heads, at_least(1));
  v.option("use_bias", o.use_bias);
  v.option("use_gate", o.use_gate);
  v.option("sliding_window", o.sliding_window, at_least(1));
  v.option("dropout", o.dropout, in_range_below(0, 1));
  v.option("kernel_initializer", o.kernel_initializer);
  v.option("bias_initializer", o.bias_initializer);
  visit_kind(v, "kernel_regularizer", o.kernel_regularizer);
  visit_kind(v, "bias_regularizer", o.bias_regularizer);
  v.place_of_none("activity_regularizer");
  visit_kind(v, "kernel_constraint", o.kernel_constraint);
  visit_kind(v, "bias_constraint", o.bias_constraint);
  v.option("seed", o.seed);
  v.call_option("use_causal_mask", o.use_causal_mask);
  v.call_option("return_attention_scores", o.return_attention_scores);
}

ProjectedAttention group_query_attention_common(const void* options,
                                                std::span<const Shape> inputs) {
  const GroupQueryAttention& o = options_as<GroupQueryAttention>(options);
  ProjectedAttention common = projected_attention_of(o);
  common.heads = o.num_query_heads;
  common.key_value_heads = o.num_key_value_heads;
  common.key_dim = common.value_dim = o.head_dim;
  common.features = inputs.empty() ? 0 : inputs[0][1];
  common.has_private_parts = true;
  return common;
}

Shape group_query_attention_output_shape(const void* options,
                                         std::span<const Shape> inputs,
                                         std::string_view where) {
  const GroupQueryAttention& o = options_as<GroupQueryAttention>(options);
  check_attention_inputs(inputs, where);
  if (o.num_query_heads % o.num_key_value_heads != 0) {
    throw error<OptionError>({.where = std::string(where),
                              .expected = "num_query_heads a multiple of num_key_value_heads",
                              .got = std::to_string(o.num_query_heads) + " and " +
                                     std::to_string(o.num_key_value_heads)});
  }
  if (inputs[0][1] != inputs[1][1]) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "queries and values of as many features",
                             .got = to_string(inputs[0]) + " and " + to_string(inputs[1])});
  }
  return inputs[0];
}

}  // namespace

const LayerSpec& group_query_attention_spec() {
  static const LayerSpec spec = [] {
    LayerSpec made =
        projected_attention_spec<GroupQueryAttention, visit_options, group_query_attention_common>(
            "GroupQueryAttention", "grouped_query_attention");
    made.output_shape = group_query_attention_output_shape;
    return made;
  }();
  return spec;
}

const LayerSpec& spec_of(const GroupQueryAttention&) { return group_query_attention_spec(); }

}  // namespace engram
