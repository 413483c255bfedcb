// SPDX-License-Identifier: Apache-2.0
/// A model's layers to and from Keras's config.json.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.hpp"
#include "engine/nested_model.hpp"
#include "engram/layers/input.hpp"
#include "io/config.hpp"
#include "io/graph_config.hpp"
#include "io/layer_object.hpp"
#include "model/texts.hpp"
#include "parts/foreign.hpp"

namespace engram::io {

namespace {

constexpr std::size_t kMostLayers = 1024;

/// A name for the InputLayer of a model that was built without one.
std::string free_input_name(const Network& network) {
  std::string name = "input_layer";
  while (std::ranges::find(network.nodes, name, &NetworkNode::name) != network.nodes.end()) {
    name += "_0";
  }
  return name;
}

Json sequential_config(const ModelView& view) {
  const TextInput texts = text_input(view.network, 0);
  const bool is_text = texts.reader != nullptr,
             has_input = view.network.nodes[0].layer.get_if<Input>() != nullptr;
  const Shape input = !is_text ? view.inputs[0] : has_input ? texts.sample : Shape{1};
  const NetworkShapes shapes = shapes_of(view.network, view.inputs);
  const std::optional<std::int64_t> batch_size = view.batch_size;
  Json layers = Json::array();
  if (!has_input) {
    layers.push_back(input_object(
        free_input_name(view.network), input, batch_size, is_text ? "string" : "float32"));
  }
  for (std::size_t i = 0; i < view.network.nodes.size(); ++i) {
    const NetworkNode& node = view.network.nodes[i];
    Json layer = layer_object(node, shapes.inputs[i], batch_size);
    if (!node.weights.empty() && nested_model(node.layer) == nullptr) {
      layer["build_config"] = {{"input_shape", batch_shape(shapes.inputs[i][0], batch_size)}};
    }
    layers.push_back(std::move(layer));
  }
  Json config = {{"name", view.name},
                 {"trainable", view.trainable},
                 {"dtype", float32_policy()},
                 {"layers", std::move(layers)},
                 {"build_input_shape", batch_shape(input, batch_size)}};
  Json model = keras_object("keras", "Sequential", std::move(config));
  model["build_config"] = {{"input_shape", batch_shape(input, batch_size)}};
  return model;
}

std::vector<Shape> read_sequential(const JsonAt& config,
                                   const JsonAt& layers,
                                   ModelData& data,
                                   int depth) {
  std::vector<Shape> inputs;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Layer layer = read_any_layer(layers[i], depth);
    if (const Input* input = layer.get_if<Input>()) {
      if (i > 0) {
        layers[i].refuse("no InputLayer behind another layer");
      }
      inputs = {input->shape};
    }
    try {
      add_layer(data, layer);
    } catch (const OptionError& problem) {
      throw FileError(layers[i].where() + ": " + problem.what());
    }
  }
  for (const JsonAt& place : {config["config"], config}) {
    if (!inputs.empty() || !place.value().is_object()) {
      continue;
    }
    if (place.has("build_input_shape")) {
      inputs = {read_batch_shape(place["build_input_shape"])};
    } else if (place.has("build_config") && place["build_config"].has("input_shape")) {
      inputs = {read_batch_shape(place["build_config"]["input_shape"])};
    }
  }
  return inputs;
}

}  // namespace

Json model_object(const ModelView& model) {
  return model.is_graph ? graph_config(model) : sequential_config(model);
}

Json model_config(const ModelData& data) {
  const auto declared = declared_batch_size(data.network);
  Json model = model_object({.name = data.name,
                             .is_graph = data.is_graph,
                             .network = data.network,
                             .inputs = *data.inputs,
                             .batch_size = data.batch_size ? data.batch_size : declared});
  model["compile_config"] = data.compiled ? compile_config(*data.compiled) : Json::object();
  return model;
}

std::vector<Shape> read_model_config(const JsonAt& config, ModelData& data) {
  return read_model_object(config, data, 0);
}

std::vector<Shape> read_model_object(const JsonAt& config, ModelData& data, int depth) {
  const JsonAt kind = config["class_name"];
  const bool is_graph = kind.as_string() == "Functional" || kind.as_string() == "Model";
  if (!is_graph && kind.as_string() != "Sequential") {
    kind.refuse("'Sequential' or 'Functional'", "Subclasses are not supported.");
  }
  const JsonAt inner = config["config"];
  if (inner.value().is_object() && inner.has("name")) {
    data.name = read_name(inner["name"]);
  }
  const JsonAt layers = inner.value().is_array() ? inner : inner["layers"];
  if (layers.size() < 1 || layers.size() > kMostLayers) {
    layers.refuse(fmt::format("1 to {} layers", kMostLayers));
  }
  if (is_graph) {
    read_graph_config(inner, data, depth);
    return {};  // its Input layers say them
  }
  return read_sequential(config, layers, data, depth);
}

}  // namespace engram::io
