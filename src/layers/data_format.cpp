// SPDX-License-Identifier: Apache-2.0
#include "layers/data_format.hpp"

#include <algorithm>
#include <numeric>

#include "layers/chain_plan.hpp"
#include "layers/rearrange.hpp"

namespace engram {

namespace {

/// The axis that features have when they come first; the last one for a shape without windows.
std::size_t first_place(const Shape& sample, std::size_t axes) {
  if (axes == 0) {
    return 0;
  }
  return sample.size() > axes ? sample.size() - 1 - axes : sample.size() - 1;
}

std::unique_ptr<LayerPlan> turn(const LayerSizes& sizes,
                                const Shape& from,
                                const Shape& to,
                                Shape dims) {
  LayerSizes turned = sizes;
  turned.inputs = {from};
  turned.output = to;
  return permutation_plan(turned, std::move(dims));
}

/// 1, 2, ... as Permute counts axes.
Shape axes_of(const Shape& sample) {
  Shape dims(sample.size());
  std::iota(dims.begin(), dims.end(), std::int64_t{1});
  return dims;
}

}  // namespace

Shape features_last(Shape sample, std::size_t axes) {
  if (!sample.empty()) {
    const auto at = sample.begin() + static_cast<std::ptrdiff_t>(first_place(sample, axes));
    std::rotate(at, at + 1, sample.end());
  }
  return sample;
}

Shape features_first(Shape sample, std::size_t axes) {
  if (!sample.empty()) {
    const auto at = sample.begin() + static_cast<std::ptrdiff_t>(first_place(sample, axes));
    std::rotate(at, sample.end() - 1, sample.end());
  }
  return sample;
}

std::unique_ptr<LayerPlan> turned_plan(std::unique_ptr<LayerPlan> inner,
                                       std::size_t weights,
                                       std::size_t axes,
                                       const LayerSizes& sizes) {
  const Shape &input = sizes.inputs[0], &output = sizes.output;
  const Shape input_last = features_last(input, axes), output_last = features_last(output, axes);
  std::vector<ChainLink> links;
  links.push_back({.plan = turn(sizes, input, input_last, features_last(axes_of(input), axes)),
                   .output = input_last,
                   .needs_gradient = sizes.needs_input_gradient});
  links.push_back({.plan = std::move(inner), .weights = weights, .output = output_last});
  links.push_back(
      {.plan = turn(sizes, output_last, output, features_first(axes_of(output), axes))});
  return std::make_unique<ChainPlan>(std::move(links), sizes);
}

}  // namespace engram
