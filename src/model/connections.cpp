// SPDX-License-Identifier: Apache-2.0
#include "model/connections.hpp"

#include <algorithm>
#include <string_view>

namespace engram {

namespace {

int first_call(const Network& network, int node) {
  const int first = network.nodes[static_cast<std::size_t>(node)].first_call;
  return first < 0 ? node : first;
}

/// Which call of its layer a node is.
int call_number(const Network& network, int node) {
  int number = 0;
  for (int before = 0; before < node; ++before) {
    number += first_call(network, before) == first_call(network, node) ? 1 : 0;
  }
  return number;
}

class ActivationFinder final : public LookingVisitor {
 public:
  using LookingVisitor::option;

  std::string found;

  void option(std::string_view name, Activation& value) override {
    if (name == "activation") {
      found = value.name();
    }
  }
};

}  // namespace

bool is_line(const Network& network) {
  std::vector<int> readers(network.nodes.size(), 0);
  for (const NetworkNode& node : network.nodes) {
    for (const Port& port : node.inputs) {
      ++readers[static_cast<std::size_t>(port.node)];
    }
  }
  const bool has_branches = std::ranges::any_of(readers, [](int count) { return count > 1; });
  return !has_branches && network.inputs.size() == 1 &&
         std::ranges::all_of(network.nodes, [](const NetworkNode& node) {
           return node.inputs.size() <= 1 && node.first_call < 0;
         });
}

std::vector<Shape> with_batch_axis(std::vector<Shape> shapes) {
  for (Shape& shape : shapes) {
    shape.insert(shape.begin(), -1);
  }
  return shapes;
}

std::vector<Shape> output_shapes(const LayerInfo& layer) {
  if (layer.output_shape.empty()) {
    return {};
  }
  std::vector<Shape> shapes = {layer.output_shape};
  shapes.insert(shapes.end(), layer.more_outputs.begin(), layer.more_outputs.end());
  return shapes;
}

std::string shapes_text(const std::vector<Shape>& shapes) {
  std::string text;
  for (const Shape& shape : shapes) {
    text += (text.empty() ? "" : ", ") + to_string(shape);
  }
  return shapes.empty() ? "?" : shapes.size() == 1 ? text : "[" + text + "]";
}

void add_connections(const Network& network,
                     int layer,
                     const NetworkShapes* shapes,
                     LayerInfo& info) {
  const NetworkNode& first = network.nodes[static_cast<std::size_t>(layer)];
  info.calls = 0;
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    if (first_call(network, static_cast<int>(i)) != layer) {
      continue;
    }
    ++info.calls;
    for (const Port& port : network.nodes[i].inputs) {
      info.connected_to.push_back({.layer = network.nodes[static_cast<std::size_t>(port.node)].name,
                                   .call = call_number(network, port.node),
                                   .output = port.output});
    }
    if (shapes != nullptr) {
      info.input_shapes = with_batch_axis(shapes->inputs[i]);
    }
  }
  info.is_trainable = common_options(first.spec(), first.options()).trainable;
  ActivationFinder finder;
  first.spec().access.visit(const_cast<void*>(first.options()), finder);  // it only looks
  info.activation = finder.found;
}

}  // namespace engram
