// SPDX-License-Identifier: Apache-2.0
/// Brings features to mean 0 and variance 1, by what data or the options say once and for all.
///
/// Example: Normalization scaled;  scaled.adapt(x);  model.add(scaled);
#pragma once

#include <string>
#include <vector>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// y = (x - mean) / max(sqrt(variance), 1e-7), or with invert y = mean + x max(sqrt(variance),
/// 1e-7). Shapes: the result has x's shape. mean and variance: empty, or 1 value, or one a feature.
/// Weights, when mean is empty (as in files of Keras whose layer was adapted): mean, variance and
/// count, which training leaves alone.
/// Errors: ShapeError for axes other than {-1} and {} (one mean for all features), and when mean or
/// variance do not fit.
struct Normalization {
  Shape axis = {-1};
  bool invert = false;
  std::vector<float> mean = {};
  std::vector<float> variance = {};
  bool trainable = true;
  std::string name = "";

  /// Sets mean and variance to those of `data` (N, ..., D). Errors: ShapeError without values.
  void adapt(const Tensor& data);
};

const LayerSpec& spec_of(const Normalization&);

}  // namespace engram
