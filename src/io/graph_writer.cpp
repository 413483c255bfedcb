// SPDX-License-Identifier: Apache-2.0
/// Functional models as Keras's config.json: layers, their calls, and the tensors between them.
#include <map>

#include "engine/nested_model.hpp"
#include "engram/layers/input.hpp"
#include "engram/layers/rnn.hpp"
#include "engram/layers/rnn_cells.hpp"
#include "io/graph_config.hpp"
#include "io/layer_object.hpp"
#include "layers/layer_spec.hpp"

namespace engram::io {

namespace {

/// Keras's Functional counts the making of it as a call, in the lists of a model's outputs only.
bool has_own_call(const Layer& layer) {
  const NestedModel* nested = nested_model(layer);
  return nested != nullptr && nested->is_graph;
}

bool is_recurrent(const Layer& layer) {
  return layer.spec().class_name == "Bidirectional" ||
         common_options(layer.spec(), layer.options()).is_recurrent;
}

/// Writes the calls of layers as Keras's inbound_nodes and histories.
class GraphWriter {
 public:
  explicit GraphWriter(const ModelView& model)
      : network_(model.network),
        shapes_(shapes_of(model.network, model.inputs)),
        batch_size_(model.batch_size) {
    std::map<int, int> calls;
    for (std::size_t i = 0; i < network_.nodes.size(); ++i) {
      numbers_.push_back(calls[layer_of(static_cast<int>(i))]++);
    }
  }

  Json history(Port port) const {
    const auto node = static_cast<std::size_t>(port.node);
    return {network_.nodes[node].name, numbers_[node], port.output};
  }

  /// The same in the list of the model's outputs.
  Json output(Port port) const {
    Json history = this->history(port);
    const auto node = static_cast<std::size_t>(port.node);
    history[1] = numbers_[node] + (has_own_call(network_.nodes[node].layer) ? 1 : 0);
    return history;
  }

  Json layer(int index) const {
    const NetworkNode& node = network_.nodes[static_cast<std::size_t>(index)];
    Json object = layer_object(node, shapes_.inputs[static_cast<std::size_t>(index)], batch_size_);
    object["name"] = node.name;
    object["inbound_nodes"] = Json::array();
    for (std::size_t i = 0; i < network_.nodes.size(); ++i) {
      if (layer_of(static_cast<int>(i)) == index && !network_.nodes[i].inputs.empty()) {
        object["inbound_nodes"].push_back(call(network_.nodes[i]));
      }
    }
    return object;
  }

 private:
  int layer_of(int node) const {
    const int first = network_.nodes[static_cast<std::size_t>(node)].first_call;
    return first < 0 ? node : first;
  }

  Json tensor(Port port) const {
    const NetworkNode& node = network_.nodes[static_cast<std::size_t>(port.node)];
    const Input* input = node.layer.get_if<Input>();
    return {
        {"class_name", "__keras_tensor__"},
        {"config",
         {{"shape",
           batch_shape(is_text_input(node.layer) ? input->shape : shapes_.of(port), batch_size_)},
          {"dtype", input != nullptr ? input->dtype : "float32"},
          {"keras_history", history(port)}}}};
  }

  /// The states that a recurrent layer begins with are an argument of their own; other layers take
  /// several inputs as one list.
  Json call(const NetworkNode& node) const {
    Json tensors = Json::array();
    for (const Port& port : node.inputs) {
      tensors.push_back(tensor(port));
    }
    Json args = Json::array(), kwargs = Json::object();
    for (const auto& [name, value] : call_options(node.layer)) {
      if (value) {
        kwargs[name] = true;
      }
    }
    if (!node.spec().arguments.empty()) {
      args = std::move(tensors);
    } else if (is_recurrent(node.layer)) {
      args.push_back(tensors[0]);
      tensors.erase(0);
      if (!tensors.empty()) {
        kwargs["initial_state"] = by_cell(node.layer, std::move(tensors));
      }
    } else {
      args.push_back(takes_list(node) ? tensors : tensors[0]);
    }
    return {{"args", std::move(args)}, {"kwargs", std::move(kwargs)}};
  }

  /// The states of stacked cells: one for each cell, of an LSTM's a list.
  static Json by_cell(const Layer& layer, Json states) {
    const RNN* rnn = layer.get_if<RNN>();
    const auto* stack = rnn != nullptr ? rnn->cell->get_if<StackedRNNCells>() : nullptr;
    if (stack == nullptr) {
      return states;
    }
    Json list = Json::array();
    std::size_t next = 0;
    for (const Layer& cell : stack->cells) {
      const bool has_two = cell.get_if<LSTMCell>() != nullptr;
      list.push_back(has_two ? Json::array({states[next], states[next + 1]}) : states[next]);
      next += has_two ? 2 : 1;
    }
    return list;
  }

  static bool takes_list(const NetworkNode& node) {
    const MaskRule rule = node.spec().mask_rule(node.options());
    return node.inputs.size() > 1 || rule == MaskRule::joins_any || rule == MaskRule::joins_all;
  }

  const Network& network_;
  NetworkShapes shapes_;
  std::optional<std::int64_t> batch_size_;
  std::vector<int> numbers_;  // of the nodes: which call of their layer
};

}  // namespace

Json graph_config(const ModelView& view) {
  const GraphWriter writer(view);
  Json layers = Json::array(), inputs = Json::array(), outputs = Json::array();
  for (const int layer : view.network.layers) {
    layers.push_back(writer.layer(layer));
  }
  for (const int node : view.network.inputs) {
    inputs.push_back(writer.history({.node = node}));
  }
  for (const Port& port : view.network.outputs) {
    outputs.push_back(writer.output(port));
  }
  Json config = {{"name", view.name},
                 {"trainable", view.trainable},
                 {"layers", std::move(layers)},
                 {"input_layers", inputs.size() == 1 ? inputs[0] : inputs},
                 {"output_layers", outputs.size() == 1 ? outputs[0] : outputs}};
  Json model = keras_object("keras.src.models.functional", "Functional", std::move(config));
  model["registered_name"] = "Functional";
  return model;
}

}  // namespace engram::io
