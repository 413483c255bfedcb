// SPDX-License-Identifier: Apache-2.0
#include "io/graph_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "engine/nested_model.hpp"
#include "engram/layers/embedding.hpp"
#include "engram/layers/input.hpp"
#include "engram/layers/masking.hpp"
#include "engram/layers/rnn.hpp"
#include "engram/layers/rnn_cells.hpp"
#include "io/cudnn.hpp"
#include "layers/inner_layer.hpp"

namespace engram::io {

Json batch_shape(const Shape& sample, std::optional<std::int64_t> batch_size) {
  Json shape = Json::array({batch_size ? Json(*batch_size) : Json(nullptr)});
  for (const std::int64_t axis : sample) {
    shape.push_back(axis < 0 ? Json(nullptr) : Json(axis));
  }
  return shape;
}

Shape read_batch_shape(const JsonAt& at) {
  Shape shape;
  if (at.size() < 1 || at.size() > 9) {
    at.refuse("a shape of 1 to 9 axes, the first that of the batch");
  }
  for (std::size_t i = 1; i < at.size(); ++i) {
    shape.push_back(at[i].is_null() ? -1 : at[i].as_int());
    if (shape.back() < -1 || shape.back() == 0 || shape.back() > kLargestSize) {
      at[i].refuse("an axis of 1 to 2^31, or null");
    }
  }
  return shape;
}

Json float32_policy() { return keras_object("keras", "DTypePolicy", {{"name", "float32"}}); }

Json input_object(const std::string& name,
                  const Shape& sample,
                  std::optional<std::int64_t> batch_size,
                  const std::string& dtype) {
  return keras_object("keras.layers",
                      "InputLayer",
                      {{"batch_shape", batch_shape(sample, batch_size)},
                       {"dtype", dtype},
                       {"sparse", false},
                       {"ragged", false},
                       {"name", name},
                       {"optional", false}});
}

Json layer_object(const NetworkNode& node,
                  const std::vector<Shape>& inputs,
                  std::optional<std::int64_t> batch_size) {
  if (const Input* declared = node.layer.get_if<Input>()) {
    return input_object(node.name, declared->shape, declared->batch_size, declared->dtype);
  }
  const NestedModel* nested = nested_model(node.layer);
  if (nested == nullptr) {
    return layer_config(node.layer, node.name);
  }
  Network network = nested->network;
  place_weights(network, inputs);
  Json model = model_object({.name = node.name,
                             .is_graph = nested->is_graph,
                             .trainable = nested->trainable,
                             .network = network,
                             .inputs = inputs,
                             .batch_size = batch_size});
  model["compile_config"] = Json::object();
  return model;
}

namespace {

Input read_input(const JsonAt& config) {
  for (const char* flag : {"sparse", "ragged"}) {
    if (config.has(flag) && config[flag].as_bool()) {
      config[flag].refuse("false, the only value that is supported");
    }
  }
  const JsonAt shape = config[config.has("batch_shape") ? "batch_shape" : "batch_input_shape"];
  std::optional<std::int64_t> batch_size;
  if (shape.size() > 0 && !shape[0].is_null()) {
    batch_size = shape[0].as_int();
    if (*batch_size < 1 || *batch_size > kLargestSize) {
      shape[0].refuse("a batch size of 1 to 2^31, or null");
    }
  }
  const bool is_text = config.has("dtype") && config["dtype"].value() == "string";
  return {.shape = read_batch_shape(shape),
          .batch_size = batch_size,
          .dtype = is_text ? "string" : "float32",
          .name = config.has("name") ? read_name(config["name"]) : ""};
}

}  // namespace

namespace {

Layer read_nested(const JsonAt& at, int depth) {
  if (depth > kDeepestModel) {
    at.refuse(fmt::format("models within models at most {} deep", kDeepestModel));
  }
  ModelData model;
  read_model_object(at, model, depth);
  const JsonAt config = at["config"];
  return nested_layer({.name = model.name,
                       .trainable = !config.value().is_object() || !config.has("trainable") ||
                                    config["trainable"].as_bool(),
                       .is_graph = model.is_graph,
                       .network = std::move(model.network)});
}

}  // namespace

Layer read_any_layer(const JsonAt& at, int depth) {
  const std::string& name = at["class_name"].as_string();
  if (name == "InputLayer") {
    return read_input(at["config"]);
  }
  const bool is_model = name == "Sequential" || name == "Functional" || name == "Model";
  return is_model ? read_nested(at, depth + 1) : read_layer(at);
}

namespace {

/// Keras's Functional counts the making of it as a call, in the lists of a model's outputs only.
bool has_own_call(const Layer& layer) {
  const NestedModel* nested = nested_model(layer);
  return nested != nullptr && nested->is_graph;
}

/// The options of a layer that are arguments of its calls.
class CallOptions final : public LookingVisitor {
 public:
  explicit CallOptions(const Layer& layer) {
    layer.spec().access.visit(const_cast<void*>(layer.options()), *this);  // it only looks
  }

  std::map<std::string, bool, std::less<>> values;

  void call_option(std::string_view name, bool& value) override {
    values.emplace(std::string(name), value);
  }
};

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
    const Input* input = network_.nodes[static_cast<std::size_t>(port.node)].layer.get_if<Input>();
    const bool is_text = input != nullptr && input->dtype == "string";
    return {{"class_name", "__keras_tensor__"},
            {"config",
             {{"shape", batch_shape(is_text ? input->shape : shapes_.of(port), batch_size_)},
              {"dtype", is_text ? "string" : "float32"},
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
    for (const auto& [name, value] : CallOptions(node.layer).values) {
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

/// Makes nodes of the layers of a file as the outputs ask for them.
class GraphReader {
 public:
  GraphReader(const JsonAt& config, ModelData& data, int depth)
      : data_(data), layers_(config["layers"]), depth_(depth) {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const JsonAt layer = layers_[i];
      const JsonAt name = layer.has("name") ? layer["name"] : layer["config"]["name"];
      if (!places_.emplace(read_name(name), i).second) {
        name.refuse("a name for each layer");
      }
    }
  }

  /// The port that [layer, call, output] names among the model's outputs.
  Port output(const JsonAt& history) {
    const auto found = places_.find(history[0].as_string());
    const bool is_graph =
        found != places_.end() && layers_[found->second]["class_name"].as_string() == "Functional";
    return port(history, is_graph ? 1 : 0);
  }

  /// The port that [layer, call, output] names, its calls counted from `first_call`.
  Port port(const JsonAt& history, std::int64_t first_call = 0) {
    const auto found = places_.find(history[0].as_string());
    if (found == places_.end()) {
      history[0].refuse("the name of a layer");
    }
    const std::int64_t call = history[1].as_int() - first_call, output = history[2].as_int();
    const int node = node_of(found->second, call, history);
    const NetworkNode& made = data_.network.nodes[static_cast<std::size_t>(node)];
    if (output < 0 || output > kMostOutputs ||
        (output > 0 && made.spec().more_outputs == nullptr)) {
      history[2].refuse("an output of the layer");
    }
    return {.node = node, .output = static_cast<int>(output)};
  }

  /// The layers in the order of the file.
  std::vector<int> order() const {
    std::vector<int> order;
    for (const auto& [name, place] : places_) {
      if (const auto found = first_calls_.find(place); found != first_calls_.end()) {
        order.push_back(found->second);
      }
    }
    std::ranges::sort(order, {}, [&](int node) { return file_places_.at(node); });
    return order;
  }

  /// Masks that the file spells out are those that the layers make themselves, in Keras up to 3.15
  /// or from 3.16 on.
  void check_masks() {
    try {
      compare_masks();
    } catch (const FileError&) {
      data_.network.masks_stop_at_recurrent = true;
      made_masks_.clear();
      try {
        compare_masks();
        return;
      } catch (const FileError&) {
        data_.network.masks_stop_at_recurrent = false;
      }
      throw;
    }
  }

 private:
  void compare_masks() {
    for (const auto& [node, mask] : masks_) {
      const NetworkNode& reader = data_.network.nodes[static_cast<std::size_t>(node)];
      std::set<int> stated;
      seen_.clear();
      if (!mask.is_null()) {
        find_masks(mask, stated);
      }
      if (!mask.is_null() && ignores_mask(reader)) {
        mask.refuse("no mask beside an initial state", "Keras hands such a call none by itself.");
      }
      if (!ignores_mask(reader) && stated != masks_of(reader.inputs[0])) {
        mask.refuse("the mask that comes with the input",
                    "Masks of another origin are not supported.");
      }
    }
  }

  static constexpr std::int64_t kMostOutputs = 64;
  static constexpr std::size_t kMostNodes = 4096;

  int node_of(std::size_t place, std::int64_t call, const JsonAt& asked) {
    const auto key = std::pair(place, call);
    if (const auto found = nodes_.find(key); found != nodes_.end()) {
      return found->second;
    }
    if (!open_.insert(key).second) {
      asked.refuse("no layer that needs its own output");
    }
    const JsonAt at = layers_[place];
    if (is_operation(at)) {
      at["class_name"].refuse("a layer",
                              "Of Keras's operations only those of masks are supported.");
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

  /// What a call of a layer says.
  struct Call {
    std::vector<Port> inputs = {};
    std::optional<JsonAt> mask = {};
    std::set<std::string> options = {};  // call options that are true
  };

  /// The layer with the options of a call.
  Layer called_layer(const JsonAt& at, const Call& call) const {
    Layer layer = read_any_layer(at, depth_);
    for (const auto& [name, value] : CallOptions(layer).values) {
      if (call.options.contains(name)) {
        layer = with_options(layer, {{name, true}});
      }
    }
    return layer;
  }

  int add(std::size_t place, const JsonAt& at, const Call& call) {
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
      for (const auto& [name, value] : CallOptions(again.layer).values) {
        if (value != call.options.contains(name)) {
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
  void read_call(const JsonAt& call, const LayerSpec* spec, Call& read) {
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

  static bool has_call_option(const LayerSpec* spec, const std::string& name) {
    return spec != nullptr &&
           CallOptions(Layer(*spec, spec->access.create())).values.contains(name);
  }

  void read_tensors(const JsonAt& at, std::vector<Port>& inputs) {
    if (at.value().is_array()) {
      for (std::size_t i = 0; i < at.size(); ++i) {
        read_tensors(at[i], inputs);
      }
    } else if (!at.is_null()) {
      inputs.push_back(port(history_of(at)));
    }
  }

  static JsonAt history_of(const JsonAt& tensor) {
    if (tensor["class_name"].as_string() != "__keras_tensor__") {
      tensor.refuse("a tensor of another layer");
    }
    return tensor["config"]["keras_history"];
  }

  static bool is_operation(const JsonAt& layer) {
    return layer.has("module") && layer["module"].as_string().starts_with("keras.src.ops");
  }

  /// The nodes that make the mask of a port.
  const std::set<int>& masks_of(Port port) {
    const auto [entry, is_new] =
        made_masks_.emplace(port.output == 0 ? port.node : -1, std::set<int>{});
    std::set<int>& found = entry->second;
    if (!is_new || port.output != 0) {
      return found;
    }
    const NetworkNode& node = data_.network.nodes[static_cast<std::size_t>(port.node)];
    const MaskRule rule = mask_rule_of(data_.network, node);
    if (rule == MaskRule::makes) {
      found = {port.node};
    } else if (rule != MaskRule::drops) {
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        if (i == 0 || rule != MaskRule::passes) {
          const std::set<int>& of_input = masks_of(node.inputs[i]);
          if (rule == MaskRule::joins_all && of_input.empty()) {
            found.clear();
            break;
          }
          found.insert(of_input.begin(), of_input.end());
        }
      }
    }
    return found;
  }

  /// The nodes whose masks an operation's tensor is made of: it goes back to NotEqual(x, value),
  /// where x is what an Embedding or a Masking layer reads.
  void find_masks(const JsonAt& tensor, std::set<int>& found) {
    const JsonAt history = history_of(tensor);
    const auto place = places_.find(history[0].as_string());
    if (place == places_.end() || !is_operation(layers_[place->second]) ||
        !seen_.insert(place->second).second) {
      return;  // a tensor that lends its shape, or an operation that was looked at
    }
    const JsonAt operation = layers_[place->second];
    const JsonAt args = operation["inbound_nodes"][0]["args"];
    if (operation["class_name"].as_string() != "NotEqual") {
      find_masks_in(args, found);
    } else {
      const Port source = port(history_of(args[0]));
      for (std::size_t i = 0; i < data_.network.nodes.size(); ++i) {
        const NetworkNode& node = data_.network.nodes[i];
        if (makes_mask_of(node, args[1].as_double()) && node.inputs == std::vector{source}) {
          found.insert(static_cast<int>(i));
        }
      }
    }
  }

  void find_masks_in(const JsonAt& at, std::set<int>& found) {
    if (at.value().is_array()) {
      for (std::size_t i = 0; i < at.size(); ++i) {
        find_masks_in(at[i], found);
      }
    } else if (at.value().is_object()) {
      find_masks(at, found);
    }
  }

  static bool makes_mask_of(const NetworkNode& node, double value) {
    if (const auto* masking = node.layer.get_if<Masking>()) {
      return static_cast<double>(masking->mask_value) == value ||
             masking->mask_value == static_cast<float>(value);
    }
    const auto* embedding = node.layer.get_if<Embedding>();
    return embedding != nullptr && embedding->mask_zero && value == 0;
  }

  ModelData& data_;
  JsonAt layers_;
  int depth_;
  std::map<std::string, std::size_t> places_;  // of the layers in the file
  std::map<std::pair<std::size_t, std::int64_t>, int> nodes_;
  std::map<std::size_t, int> first_calls_;
  std::map<int, std::size_t> file_places_;
  std::set<std::pair<std::size_t, std::int64_t>> open_;
  std::vector<std::pair<int, JsonAt>> masks_;
  std::map<int, std::set<int>> made_masks_;  // of the first outputs of nodes
  std::set<std::size_t> seen_;               // the operations of one mask
};

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
