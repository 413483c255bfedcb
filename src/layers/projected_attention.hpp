// SPDX-License-Identifier: Apache-2.0
/// Attention of projections: what MultiHeadAttention and GroupQueryAttention share.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "layers/layer_spec.hpp"

namespace engram {

/// What the options of both say.
struct ProjectedAttention {
  std::int64_t heads = 0;            ///< of the query
  std::int64_t key_value_heads = 0;  ///< each for as many neighbours among those of the query
  std::int64_t key_dim = 0, value_dim = 0;
  std::int64_t features = 0;  ///< of the result
  float dropout = 0;
  bool use_bias = true, use_gate = false;
  std::optional<std::int64_t> sliding_window = {}, seed = {};
  Initializer kernel_initializer, bias_initializer;
  Regularizer activity_regularizer;  ///< of each projection
  bool has_private_parts = false;    ///< Keras's files call them _query_dense, else query_dense
  bool use_causal_mask = false, return_attention_scores = false;
};

/// The options that both have in common, but for their own names of sizes.
template <class Options>
ProjectedAttention projected_attention_of(const Options& o) {
  return {.dropout = o.dropout,
          .use_bias = o.use_bias,
          .use_gate = o.use_gate,
          .sliding_window = o.sliding_window,
          .seed = o.seed,
          .kernel_initializer = o.kernel_initializer,
          .bias_initializer = o.bias_initializer,
          .activity_regularizer = o.activity_regularizer,
          .use_causal_mask = o.use_causal_mask,
          .return_attention_scores = o.return_attention_scores};
}

/// The names of the calls' inputs.
std::span<const std::string_view> attention_arguments();

/// The scores, when they are asked for.
std::vector<Shape> more_outputs(const ProjectedAttention& o, std::span<const Shape> inputs);
std::vector<WeightGroup> weight_groups(const ProjectedAttention& o);

/// `access` to the `options` that name regularizers and constraints.
std::vector<WeightSpec> weights(const ProjectedAttention& o,
                                std::span<const Shape> inputs,
                                const OptionsAccess& access,
                                const void* options);
std::unique_ptr<LayerPlan> plan(const ProjectedAttention& o, const LayerSizes& sizes);
std::int64_t flops(const ProjectedAttention& o, std::span<const Shape> inputs);

/// The spec of a kind whose options become a ProjectedAttention, for given inputs, by `Common`.
template <class Options,
          void (*Visit)(Options&, OptionVisitor&),
          ProjectedAttention (*Common)(const void*, std::span<const Shape>)>
LayerSpec projected_attention_spec(std::string_view class_name, std::string_view auto_name) {
  using Inputs = std::span<const Shape>;
  return {.class_name = class_name,
          .auto_name = auto_name,
          .access = options_access<Options, Visit>(),
          .weights =
              [](const void* o, Inputs inputs) {
                return weights(Common(o, inputs), inputs, options_access<Options, Visit>(), o);
              },
          .plan = [](const void* o,
                     const LayerSizes& sizes) { return plan(Common(o, sizes.inputs), sizes); },
          .flops = [](const void* o, Inputs inputs) { return flops(Common(o, inputs), inputs); },
          .more_outputs = [](const void* o,
                             Inputs inputs) { return more_outputs(Common(o, inputs), inputs); },
          .weight_groups = [](const void* o) { return weight_groups(Common(o, {})); },
          .arguments = attention_arguments(),
          .mixes_steps = true};
}

}  // namespace engram
