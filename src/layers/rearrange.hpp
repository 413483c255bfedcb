// SPDX-License-Identifier: Apache-2.0
/// Layers that only move values: each block of the result is a block of the input, or zero.
#pragma once

#include <functional>
#include <memory>

#include "layers/layer_spec.hpp"

namespace engram {

/// Which block of a sample's input becomes block i of its result; -1: zeros. Blocks of `size`
/// floats lie in one piece on both sides.
struct Rearrangement {
  std::int64_t size = 1;
  std::function<std::int64_t(std::int64_t i)> source;
};

std::unique_ptr<LayerPlan> rearrangement_plan(const LayerSizes& sizes, const Rearrangement& blocks);

/// Axis i of the result is axis dims[i] of the input, counted from 1.
std::unique_ptr<LayerPlan> permutation_plan(const LayerSizes& sizes, Shape dims);

/// The place along an axis of the input that place `i` along this axis of the result takes its
/// features from; outside the input: zeros.
using AxisSource = std::function<std::int64_t(std::size_t axis, std::int64_t i)>;

/// (T, C) or (H, W, C) with features that stay together.
std::unique_ptr<LayerPlan> moving_plan(const LayerSizes& sizes, const AxisSource& source);

/// The same values in the same order under another shape.
std::unique_ptr<LayerPlan> reshaping_plan(const LayerSizes& sizes);

}  // namespace engram
