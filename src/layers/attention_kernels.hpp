// SPDX-License-Identifier: Apache-2.0
/// The projections of attention: their kernels.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "layers/projected_attention.hpp"

namespace engram {

/// The projections, in the order of Keras's weights.
enum AttentionPart : std::size_t { kQuery, kKey, kGate, kValue, kResult, kParts };

/// A projection's kernel: (features, heads, width), or turned, (heads, width, features).
struct AttentionKernel {
  AttentionPart part = kQuery;
  std::string_view name;
  std::int64_t features = 0, heads = 0, width = 0;
  bool is_turned = false;

  Shape shape() const {
    return is_turned ? Shape{heads, width, features} : Shape{features, heads, width};
  }

  Shape bias_shape() const { return is_turned ? Shape{features} : Shape{heads, width}; }
};

std::vector<AttentionKernel> attention_kernels(const ProjectedAttention& o,
                                               std::span<const Shape> inputs);

}  // namespace engram
