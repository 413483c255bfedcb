// SPDX-License-Identifier: Apache-2.0
#include "engine/network.hpp"

#include <algorithm>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "parts/functions.hpp"

namespace engram {

namespace {

/// Errors: ShapeError for a shape of more values than any machine holds, which a file may ask for:
/// products of sizes would overflow.
void check_size(const Shape& shape, const std::string& where) {
  constexpr double kMost = 0x1p40;
  double size = 1;
  for (const std::int64_t axis : shape) {
    size *= static_cast<double>(axis < 0 ? 1 : axis);
  }
  if (size > kMost) {
    throw error<ShapeError>(
        {.where = where, .expected = "at most 2^40 values in one piece", .got = to_string(shape)});
  }
}

}  // namespace

std::string NetworkNode::where() const {
  return std::string(spec().class_name) + " '" + name + "'";
}

std::vector<Shape> input_shapes(const NetworkNode& node,
                                std::span<const Shape> outputs,
                                const Shape& input) {
  if (node.inputs.empty()) {
    return {input};
  }
  std::vector<Shape> shapes;
  for (const int from : node.inputs) {
    shapes.push_back(outputs[static_cast<std::size_t>(from)]);
  }
  return shapes;
}

std::vector<Shape> output_shapes(const Network& network, const Shape& input) {
  std::vector<Shape> outputs;
  for (const NetworkNode& node : network.nodes) {
    const std::vector<Shape> inputs = input_shapes(node, outputs, input);
    outputs.push_back(node.spec().output_shape(node.options(), inputs, node.where()));
    check_size(outputs.back(), node.where());
  }
  return outputs;
}

void place_weights(Network& network, const Shape& input) {
  const std::vector<Shape> outputs = output_shapes(network, input);
  network.weights.clear();
  network.floats = 0;
  for (NetworkNode& node : network.nodes) {
    node.weights.clear();
    const std::vector<Shape> inputs = input_shapes(node, outputs, input);
    for (const WeightSpec& spec : weights_of(node.spec(), node.options(), inputs)) {
      if (std::any_of(spec.shape.begin(), spec.shape.end(), [](auto n) { return n < 1; })) {
        throw error<ShapeError>({.where = node.where(),
                                 .expected = "a known number of input features",
                                 .got = to_string(inputs[0]) + " a sample",
                                 .remedy = "Give the last axis of Input::shape."});
      }
      check_size(spec.shape, node.where());
      node.weights.push_back(static_cast<int>(network.weights.size()));
      const bool is_free =
          spec.is_trainable && common_options(node.spec(), node.options()).trainable;
      NetworkWeight weight = {.path = node.name + "/" + spec.name,
                              .layer = node.name,
                              .name = spec.name,
                              .group = spec.group,
                              .shape = spec.shape,
                              .offset = network.floats,
                              .size = size_of(spec.shape),
                              .is_trainable = is_free && spec.use == WeightUse::trained,
                              .rules = spec.rules};
      if (is_free && spec.use == WeightUse::moving_average) {
        weight.momentum = spec.momentum;
      }
      network.weights.push_back(std::move(weight));
      network.floats += aligned_floats(size_of(spec.shape));
    }
  }
}

void initialize_weights(const Network& network,
                        const Shape& input,
                        std::uint64_t seed,
                        float* flat) {
  const std::vector<Shape> outputs = output_shapes(network, input);
  std::uint64_t position = 0;
  for (const NetworkNode& node : network.nodes) {
    const std::vector<WeightSpec> specs =
        node.spec().weights(node.options(), input_shapes(node, outputs, input));
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const NetworkWeight& weight = network.weights[static_cast<std::size_t>(node.weights[i])];
      float* values = flat + weight.offset;
      initialize(specs[i].initializer, weight.shape, seed + ++position, values);
      std::fill(values + specs[i].ones_begin, values + specs[i].ones_end, 1.0f);
    }
  }
}

std::int64_t forward_flops(const Network& network, const Shape& input) {
  const std::vector<Shape> outputs = output_shapes(network, input);
  std::int64_t flops = 0;
  for (const NetworkNode& node : network.nodes) {
    flops += node.spec().flops(node.options(), input_shapes(node, outputs, input));
  }
  return flops;
}

}  // namespace engram
