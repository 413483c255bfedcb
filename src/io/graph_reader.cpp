// SPDX-License-Identifier: Apache-2.0
#include "io/graph_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "engram/layers/input.hpp"
#include "io/cudnn.hpp"
#include "io/graph_config.hpp"
#include "io/layer_object.hpp"
#include "layers/inner_layer.hpp"

namespace engram::io {

namespace {

constexpr std::int64_t kMostOutputs = 64;
constexpr std::size_t kMostNodes = 4096;

/// One [layer, call, output], or a list of such.
std::vector<JsonAt> histories(const JsonAt& at) {
  std::vector<JsonAt> list;
  if (at.size() > 0 && at[0].value().is_string()) {
    return {at};
  }
  for (std::size_t i = 0; i < at.size(); ++i) {
    list.push_back(at[i]);
  }
  return list;
}

}  // namespace

GraphReader::GraphReader(const JsonAt& config, ModelData& data, int depth)
    : data_(data), layers_(config["layers"]), depth_(depth) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const JsonAt layer = layers_[i];
    const JsonAt name = layer.has("name") ? layer["name"] : layer["config"]["name"];
    if (!places_.emplace(read_name(name), i).second) {
      name.refuse("a name for each layer");
    }
  }
}

Port GraphReader::output(const JsonAt& history) {
  const auto found = places_.find(history[0].as_string());
  const bool is_graph =
      found != places_.end() && layers_[found->second]["class_name"].as_string() == "Functional";
  return port(history, is_graph ? 1 : 0);
}

Port GraphReader::port(const JsonAt& history, std::int64_t first_call) {
  const auto found = places_.find(history[0].as_string());
  if (found == places_.end()) {
    history[0].refuse("the name of a layer");
  }
  const std::int64_t call = history[1].as_int() - first_call, output = history[2].as_int();
  const int node = node_of(found->second, call, history);
  const NetworkNode& made = data_.network.nodes[static_cast<std::size_t>(node)];
  if (output < 0 || output > kMostOutputs || (output > 0 && made.spec().more_outputs == nullptr)) {
    history[2].refuse("an output of the layer");
  }
  return {.node = node, .output = static_cast<int>(output)};
}

std::vector<int> GraphReader::order() const {
  std::vector<int> order;
  for (const auto& [name, place] : places_) {
    if (const auto found = first_calls_.find(place); found != first_calls_.end()) {
      order.push_back(found->second);
    }
  }
  std::ranges::sort(order, {}, [&](int node) { return file_places_.at(node); });
  return order;
}

int GraphReader::node_of(std::size_t place, std::int64_t call, const JsonAt& asked) {
  const auto key = std::pair(place, call);
  if (const auto found = nodes_.find(key); found != nodes_.end()) {
    return found->second;
  }
  if (!open_.insert(key).second) {
    asked.refuse("no layer that needs its own output");
  }
  const JsonAt at = layers_[place];
  if (is_operation(at)) {
    at["class_name"].refuse("a layer", "Of Keras's operations only those of masks are supported.");
  }
  const JsonAt calls = at["inbound_nodes"];
  const bool is_input = at["class_name"].as_string() == "InputLayer";
  if (is_input ? call != 0 : call < 0 || static_cast<std::size_t>(call) >= calls.size()) {
    asked.refuse("a call that the layer's inbound_nodes have");
  }
  Call read;
  if (!is_input) {
    read_call(calls[static_cast<std::size_t>(call)],
              find_layer(plain_class(at["class_name"].as_string())),
              read);
  }
  open_.erase(key);
  const int node = add(place, at, read);
  nodes_.emplace(key, node);
  if (read.mask) {
    masks_.emplace_back(node, *read.mask);
  }
  return node;
}

/// The layer with the options of a call.
Layer GraphReader::called_layer(const JsonAt& at, const Call& call) const {
  Layer layer = read_any_layer(at, depth_);
  for (const auto& [name, value] : call_options(layer)) {
    if (call.options.contains(name)) {
      layer = with_options(layer, {{name, true}});
    }
  }
  return layer;
}

int GraphReader::add(std::size_t place, const JsonAt& at, const Call& call) {
  Network& network = data_.network;
  const auto index = static_cast<int>(network.nodes.size());
  if (network.nodes.size() >= kMostNodes) {
    at.refuse(fmt::format("at most {} calls of layers", kMostNodes));
  }
  const auto [first, is_new] = first_calls_.emplace(place, index);
  if (is_new) {
    file_places_.emplace(index, place);
    try {
      add_node(data_, called_layer(at, call), call.inputs);
    } catch (const OptionError& problem) {
      throw FileError(at.where() + ": " + problem.what());
    }
  } else {
    NetworkNode again = network.nodes[static_cast<std::size_t>(first->second)];
    for (const auto& [name, value] : call_options(again.layer)) {
      if (name == "reverse") {
        again.layer = with_options(again.layer, {{name, call.options.contains(name)}});
      } else if (value != call.options.contains(name)) {
        at.refuse(fmt::format("all calls of the layer with the same {}", name));
      }
    }
    again.inputs = call.inputs;
    again.first_call = first->second;
    network.nodes.push_back(std::move(again));
  }
  return index;
}

/// `spec` may be null: add refuses the layer by its name.
void GraphReader::read_call(const JsonAt& call, const LayerSpec* spec, Call& read) {
  std::vector<Port>& inputs = read.inputs;
  const JsonAt args = call["args"];
  for (std::size_t i = 0; i < args.size(); ++i) {
    read_tensors(args[i], inputs);
  }
  const JsonAt kwargs = call["kwargs"];
  const std::span<const std::string_view> arguments =
      spec == nullptr ? std::span<const std::string_view>() : spec->arguments;
  for (const std::string_view name : arguments) {
    if (kwargs.has(name)) {
      read_tensors(kwargs[name], inputs);
    }
  }
  for (const auto& [key, value] : kwargs.value().items()) {
    if (std::ranges::count(arguments, key) > 0) {
      continue;  // read in the order of the arguments
    }
    if (value == true && has_call_option(spec, key)) {
      read.options.insert(key);
    } else if (key == "initial_state" && !value.is_null()) {
      read_tensors(kwargs[key], inputs);
    } else if (key == "mask" && !value.is_array()) {
      read.mask = kwargs[key];
    } else if (key != "training" && !value.is_null() && value != false && !value.is_array()) {
      kwargs[key].refuse("null", "This argument of a call is not supported.");
    }
  }
  if (inputs.empty()) {
    args.refuse("a tensor of another layer");
  }
}

bool GraphReader::has_call_option(const LayerSpec* spec, const std::string& name) {
  return spec != nullptr && call_options(Layer(*spec, spec->access.create())).contains(name);
}

void GraphReader::read_tensors(const JsonAt& at, std::vector<Port>& inputs) {
  if (at.value().is_array()) {
    for (std::size_t i = 0; i < at.size(); ++i) {
      read_tensors(at[i], inputs);
    }
  } else if (!at.is_null()) {
    inputs.push_back(port(history_of(at)));
  }
}

JsonAt GraphReader::history_of(const JsonAt& tensor) {
  if (tensor["class_name"].as_string() != "__keras_tensor__") {
    tensor.refuse("a tensor of another layer");
  }
  return tensor["config"]["keras_history"];
}

bool GraphReader::is_operation(const JsonAt& layer) {
  return layer.has("module") && layer["module"].as_string().starts_with("keras.src.ops");
}

void read_graph_config(const JsonAt& config, ModelData& data, int depth) {
  GraphReader reader(config, data, depth);
  for (const JsonAt& input : histories(config["input_layers"])) {
    const Port port = reader.port(input);
    if (data.network.nodes[static_cast<std::size_t>(port.node)].layer.get_if<Input>() == nullptr) {
      input.refuse("an InputLayer");
    }
    data.network.inputs.push_back(port.node);
  }
  for (const JsonAt& output : histories(config["output_layers"])) {
    data.network.outputs.push_back(reader.output(output));
  }
  if (data.network.inputs.empty() || data.network.outputs.empty()) {
    config.refuse("inputs and outputs");
  }
  for (std::size_t i = 0; i < data.network.nodes.size(); ++i) {
    const bool is_known = std::ranges::count(data.network.inputs, static_cast<int>(i)) == 1;
    if (data.network.nodes[i].inputs.empty() && !is_known) {
      config["input_layers"].refuse("every InputLayer once");
    }
  }
  reader.check_masks();
  data.network.layers = reader.order();
  data.is_graph = true;
}

}  // namespace engram::io
