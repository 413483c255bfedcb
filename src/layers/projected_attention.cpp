// SPDX-License-Identifier: Apache-2.0
#include "layers/projected_attention.hpp"

#include <array>

#include "layers/attention_kernels.hpp"
#include "parts/fans.hpp"

namespace engram {

std::vector<AttentionKernel> attention_kernels(const ProjectedAttention& o,
                                               std::span<const Shape> inputs) {
  const auto features = [&](std::size_t i) { return i < inputs.size() ? inputs[i][1] : 0; };
  const std::size_t key = inputs.size() > 2 ? 2 : 1;
  std::vector<AttentionKernel> all = {
      {kQuery, "query", features(0), o.heads, o.key_dim},
      {kKey, "key", features(key), o.key_value_heads, o.key_dim},
      {kGate, "gate", features(0), o.heads, o.value_dim},
      {kValue, "value", features(1), o.key_value_heads, o.value_dim},
      {kResult, "attention_output", o.features, o.heads, o.value_dim, true}};
  if (!o.use_gate) {
    all.erase(all.begin() + kGate);
  }
  return all;
}

std::span<const std::string_view> attention_arguments() {
  static constexpr std::array<std::string_view, 3> kArguments = {"query", "value", "key"};
  return kArguments;
}

std::vector<Shape> more_outputs(const ProjectedAttention& o, std::span<const Shape> inputs) {
  return o.return_attention_scores ? std::vector<Shape>{{o.heads, inputs[0][0], inputs[1][0]}}
                                   : std::vector<Shape>{};
}

std::vector<WeightGroup> weight_groups(const ProjectedAttention& o) {
  std::vector<WeightGroup> groups;
  for (const AttentionKernel& kernel : attention_kernels(o, {})) {
    const std::string name(kernel.name);
    const std::string prefix = o.has_private_parts || kernel.part == kGate ? "_" : "";
    groups.push_back({prefix + (kernel.part == kResult ? "output" : name) + "_dense", name});
  }
  return groups;
}

std::vector<WeightSpec> weights(const ProjectedAttention& o,
                                std::span<const Shape> inputs,
                                const OptionsAccess& access,
                                const void* options) {
  const std::vector<AttentionKernel> kernels = attention_kernels(o, inputs);
  const std::vector<WeightGroup> groups = weight_groups(o);
  std::vector<WeightSpec> specs;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const AttentionKernel& kernel = kernels[i];
    const std::int64_t columns = kernel.heads * kernel.width;
    const Shape matrix =
        kernel.is_turned ? Shape{columns, kernel.features} : Shape{kernel.features, columns};
    specs.push_back({.name = groups[i].name + "/kernel",
                     .shape = kernel.shape(),
                     .initializer = with_fans(o.kernel_initializer, kernel.shape(), matrix),
                     .group = groups[i].path,
                     .rules = rules_of(access, options, "kernel")});
    if (o.use_bias) {
      specs.push_back({.name = groups[i].name + "/bias",
                       .shape = kernel.bias_shape(),
                       .initializer = o.bias_initializer,
                       .group = groups[i].path,
                       .rules = rules_of(access, options, "bias")});
    }
  }
  return specs;
}

std::int64_t flops(const ProjectedAttention& o, std::span<const Shape> inputs) {
  const std::int64_t Q = inputs[0][0], V = inputs[1][0];
  std::int64_t products = Q * V * o.heads * (o.key_dim + o.value_dim);
  for (const AttentionKernel& kernel : attention_kernels(o, inputs)) {
    const bool is_of_values = kernel.part == kKey || kernel.part == kValue;
    products += (is_of_values ? V : Q) * kernel.features * kernel.heads * kernel.width;
  }
  return 2 * products;
}

}  // namespace engram
