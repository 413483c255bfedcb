// SPDX-License-Identifier: Apache-2.0
/// Turns numbers into the bins that they lie in.
///
/// Example: model.add(Discretization{.bin_boundaries = {0, 1, 2}});  // x < 0: 0, x < 1: 1, ...
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// y = the number of boundaries that are not above x.
/// Shapes: x (N, ...); result of "int" the same; of "one_hot" (N, ..., bins), a last axis of 1 left
/// out; of "multi_hot" and "count" (N, bins) of x (N, T); bins is one more than the boundaries.
/// Errors: OptionError for boundaries that do not ascend, and without any.
struct Discretization {
  std::vector<float> bin_boundaries = {};
  std::optional<std::int64_t> num_bins = {};  ///< what adapt makes
  float epsilon = 0.01f;                      ///< how exactly adapt knows the quantiles
  std::string output_mode = "int";
  std::string name = "";

  /// Sets the boundaries to quantiles of all values of `data`, by Keras's summary of them.
  void adapt(const Tensor& data);
};

const LayerSpec& spec_of(const Discretization&);

}  // namespace engram
