// SPDX-License-Identifier: Apache-2.0
#include "engine/nested_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/error.hpp"
#include "engram/layers/input.hpp"

namespace engram {

namespace {

void visit_options(NestedModel& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
}

const NetworkNode& node_at(const Network& network, int i) {
  return network.nodes[static_cast<std::size_t>(i)];
}

/// Errors: ShapeError for another number of inputs than the model has.
void check_count(const NestedModel& model, std::span<const Shape> inputs, std::string_view where) {
  const std::size_t wanted = model.network.inputs.size();
  if (inputs.size() != wanted || wanted == 0) {
    throw error<ShapeError>(
        {.where = std::string(where),
         .expected = wanted == 0 ? "a model with layers" : fmt::format("{} inputs", wanted),
         .got = wanted == 0 ? "none" : fmt::format("{}", inputs.size())});
  }
}

Shape output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  const NestedModel& model = options_as<NestedModel>(options);
  check_count(model, inputs, where);
  return shapes_of(model.network, inputs).of(model.network.outputs[0]);
}

std::vector<Shape> more_outputs(const void* options, std::span<const Shape> inputs) {
  const Network& network = options_as<NestedModel>(options).network;
  std::vector<Shape> more;
  if (network.outputs.size() > 1) {
    const NetworkShapes shapes = shapes_of(network, inputs);
    std::transform(network.outputs.begin() + 1,
                   network.outputs.end(),
                   std::back_inserter(more),
                   [&](Port port) { return shapes.of(port); });
  }
  return more;
}

/// Those of the layers in Keras's order, below "layers" in files.
std::vector<WeightSpec> weights(const void* options, std::span<const Shape> inputs) {
  const Network& network = options_as<NestedModel>(options).network;
  const NetworkShapes shapes = shapes_of(network, inputs);
  const std::vector<std::string> groups = file_groups(network);
  std::vector<WeightSpec> all;
  for (std::size_t k = 0; k < network.layers.size(); ++k) {
    const auto i = static_cast<std::size_t>(network.layers[k]);
    const NetworkNode& node = network.nodes[i];
    const bool trains = common_options(node.spec(), node.options()).trainable;
    for (WeightSpec& weight : weights_of(node.spec(), node.options(), shapes.inputs[i])) {
      weight.name = node.name + "/" + weight.name;
      weight.group = "layers/" + groups[k] + (weight.group.empty() ? "" : "/" + weight.group);
      weight.is_trainable &= trains;
      all.push_back(std::move(weight));
    }
  }
  return all;
}

std::vector<WeightGroup> weight_groups(const void* options) {
  const NestedModel& model = options_as<NestedModel>(options);
  const std::vector<std::string> names = file_groups(model.network);
  std::vector<WeightGroup> all;
  for (std::size_t k = 0; k < names.size(); ++k) {
    const NetworkNode& node = node_at(model.network, model.network.layers[k]);
    if (node.layer.get_if<Input>() != nullptr && !model.is_graph) {
      continue;  // Keras's Sequential does not count it among its layers
    }
    const std::string path = "layers/" + names[k];
    all.push_back({path, node.name});
    if (node.spec().weight_groups != nullptr) {
      for (const WeightGroup& group : node.spec().weight_groups(node.options())) {
        all.push_back({path + "/" + group.path, group.name});
      }
    }
  }
  return all;
}

std::int64_t flops(const void* options, std::span<const Shape> inputs) {
  const Network& network = options_as<NestedModel>(options).network;
  return forward_flops(network, shapes_of(network, inputs));
}

/// The network laid out by itself.
Network placed(const Network& network, std::span<const Shape> inputs) {
  Network own = network;
  place_weights(own, inputs);
  return own;
}

std::int64_t carried_floats(const void* options, std::span<const Shape> inputs) {
  return placed(options_as<NestedModel>(options).network, inputs).carried;
}

/// Masks inside are the engine's affair: in Keras's files a nested model's outputs come without.
LayerSpec make_spec(std::string_view class_name, std::string_view auto_name) {
  return {.class_name = class_name,
          .auto_name = auto_name,
          .access = options_access<NestedModel, visit_options>(),
          .output_shape = output_shape,
          .weights = weights,
          .mask_rule = drops_mask,
          .flops = flops,
          .more_outputs = more_outputs,
          .carried_floats = carried_floats,
          .weight_groups = weight_groups};
}

const LayerSpec& nested_spec(bool is_graph) {
  static const LayerSpec line = make_spec("Sequential", "sequential");
  static const LayerSpec graph = make_spec("Functional", "functional");
  return is_graph ? graph : line;
}

}  // namespace

Layer nested_layer(NestedModel model) {
  const LayerSpec& spec = nested_spec(model.is_graph);
  return Layer(spec, std::make_shared<NestedModel>(std::move(model)));
}

const NestedModel* nested_model(const Layer& layer) {
  const bool is_nested =
      &layer.spec() == &nested_spec(false) || &layer.spec() == &nested_spec(true);
  return is_nested ? &options_as<NestedModel>(layer.options()) : nullptr;
}

int depth_of(const Network& network) {
  int depth = 0;
  for (const NetworkNode& node : network.nodes) {
    if (const NestedModel* model = nested_model(node.layer)) {
      depth = std::max(depth, 1 + depth_of(model->network));
    }
  }
  return depth;
}

void check_nested(const Network& network, std::span<const Shape> inputs) {
  const NetworkShapes shapes = shapes_of(network, inputs);
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const NestedModel* model = nested_model(network.nodes[i].layer);
    for (std::size_t k = 0; model != nullptr && k < shapes.inputs[i].size(); ++k) {
      const Shape& given = shapes.inputs[i][k];
      const Input* declared =
          node_at(model->network, model->network.inputs[k]).layer.get_if<Input>();
      const auto fits = [](std::int64_t wanted, std::int64_t got) {
        return wanted < 0 || got < 0 || wanted == got;
      };
      if (declared != nullptr && !std::ranges::equal(declared->shape, given, fits)) {
        throw error<ShapeError>({.where = network.nodes[i].where(),
                                 .expected = "samples of shape " + to_string(declared->shape),
                                 .got = to_string(given)});
      }
    }
    if (model != nullptr) {
      check_nested(model->network, shapes.inputs[i]);
    }
  }
}

void take_values(const NestedModel& model,
                 std::span<const Shape> inputs,
                 std::span<const NetworkWeight> weights,
                 float* flat) {
  if (!model.values.empty()) {
    const float* next = model.values.data();
    for (const NetworkWeight& weight : weights) {
      std::copy_n(next, weight.size, flat + weight.offset);
      next += weight.size;
    }
    return;
  }
  const Network own = placed(model.network, inputs);
  const NetworkShapes shapes = shapes_of(own, inputs);
  for (const int layer : own.layers) {
    const NetworkNode& node = node_at(own, layer);
    const auto part = weights.first(node.weights.size());
    weights = weights.subspan(node.weights.size());
    if (const NestedModel* inner = nested_model(node.layer)) {
      take_values(*inner, shapes.inputs[static_cast<std::size_t>(layer)], part, flat);
    }
  }
}

bool has_nested(const Network& network) {
  return std::ranges::any_of(
      network.nodes, [](const NetworkNode& node) { return nested_model(node.layer) != nullptr; });
}

namespace {

/// Copies nodes into a network, those of nested models in their places.
class Expander {
 public:
  explicit Expander(Network& to) : to_(to) {}

  /// Copies `from`, whose inputs come from the ports `fed`; from ~i: input i of the whole.
  void add(const Network& from, std::span<const Shape> inputs, std::span<const Port> fed) {
    const NetworkShapes shapes = shapes_of(from, inputs);
    for (std::size_t i = 0; i < from.nodes.size(); ++i) {
      NetworkNode node = from.nodes[i];
      for (Port& port : node.inputs) {
        port = now(port);
      }
      if (node.inputs.empty()) {
        const auto at = std::ranges::find(from.inputs, static_cast<int>(i)) - from.inputs.begin();
        node.inputs = {fed[static_cast<std::size_t>(at)]};
      }
      const NestedModel* model = nested_model(node.layer);
      places_.push_back(model != nullptr
                            ? splice(*model, node, shapes.inputs[i])
                            : copy(std::move(node), static_cast<int>(shapes.outputs[i].size())));
    }
  }

  /// Where an output of a node of the copied network is now.
  Port now(Port port) const {
    return places_[static_cast<std::size_t>(port.node)][static_cast<std::size_t>(port.output)];
  }

 private:
  std::vector<Port> copy(NetworkNode node, int outputs) {
    const int place = static_cast<int>(to_.nodes.size());
    if (node.inputs[0].node < 0) {
      to_.inputs[static_cast<std::size_t>(~node.inputs[0].node)] = place;
      node.inputs.clear();
    }
    to_.nodes.push_back(std::move(node));
    std::vector<Port> ports;
    for (int i = 0; i < outputs; ++i) {
      ports.push_back({.node = place, .output = i});
    }
    return ports;
  }

  /// Adds the nodes of a model called as `call`; gives the places of its outputs.
  std::vector<Port> splice(const NestedModel& model,
                           const NetworkNode& call,
                           std::span<const Shape> inputs) {
    Network own = placed(model.network, inputs);
    for (NetworkNode& node : own.nodes) {
      node.name = call.name + "/" + node.name;
      node.carried_at += call.carried_at;
      for (int& weight : node.weights) {
        weight = call.weights[static_cast<std::size_t>(weight)];
      }
    }
    Expander inner(to_);
    inner.add(own, inputs, call.inputs);
    std::vector<Port> outputs;
    for (const Port& port : own.outputs) {
      outputs.push_back(inner.now(port));
      outputs.back().is_of_nested = true;
    }
    return outputs;
  }

  Network& to_;
  std::vector<std::vector<Port>> places_;  // of the nodes' outputs
};

}  // namespace

Network expanded(const Network& network, std::span<const Shape> inputs) {
  Network whole = network;
  whole.nodes.clear();
  whole.layers.clear();  // names and files go by the network as it was
  std::vector<Port> fed;
  for (std::size_t i = 0; i < network.inputs.size(); ++i) {
    fed.push_back({.node = ~static_cast<int>(i)});
  }
  Expander expander(whole);
  expander.add(network, inputs, fed);
  for (Port& port : whole.outputs) {
    port = expander.now(port);
  }
  return whole;
}

}  // namespace engram
