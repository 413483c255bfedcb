// SPDX-License-Identifier: Apache-2.0
/// A model's layers and compile options to and from Keras's config.json.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.hpp"
#include "engram/layers/input.hpp"
#include "io/config.hpp"

namespace engram::io {

namespace {

constexpr std::size_t kMostLayers = 1024;

Json batch_shape(const Shape& sample) {
  Json shape = Json::array({nullptr});
  for (const std::int64_t axis : sample) {
    shape.push_back(axis < 0 ? Json(nullptr) : Json(axis));
  }
  return shape;
}

Json float32_policy() { return keras_object("keras", "DTypePolicy", {{"name", "float32"}}); }

Json input_layer(const std::string& name, const Shape& sample) {
  return keras_object("keras.layers",
                      "InputLayer",
                      {{"batch_shape", batch_shape(sample)},
                       {"dtype", "float32"},
                       {"sparse", false},
                       {"ragged", false},
                       {"name", name},
                       {"optional", false}});
}

/// A name for the InputLayer of a model that was built without one.
std::string free_input_name(const Network& network) {
  std::string name = "input_layer";
  while (std::ranges::find(network.nodes, name, &NetworkNode::name) != network.nodes.end()) {
    name += "_0";
  }
  return name;
}

Json layer_object(const NetworkNode& node, const Shape& input) {
  if (node.spec().class_name == "InputLayer") {
    return input_layer(node.name, input);
  }
  Json layer = layer_config(node.layer, node.name);
  if (!node.weights.empty()) {
    layer["build_config"] = {{"input_shape", batch_shape(input)}};
  }
  return layer;
}

Json metric_object(const Metric& metric) {
  if (find_metric(metric.name()) == &metric.spec()) {
    return metric.name();
  }
  return keras_object(
      "keras.metrics", metric.spec().class_name, {{"name", metric.name()}, {"dtype", "float32"}});
}

Json compile_config(const Compiled& compiled) {
  const auto& [optimizer, loss] = std::tie(compiled.optimizer, compiled.loss);
  Json optimizer_config = config_of(optimizer.spec().access, optimizer.options());
  if (optimizer_config["learning_rate"].is_number()) {
    optimizer_config["learning_rate"] = static_cast<double>(compiled.learning_rate);
  }
  Json metrics = nullptr;
  for (const Metric& metric : compiled.metrics) {
    metrics.push_back(metric_object(metric));
  }
  return {
      {"optimizer",
       keras_object("keras.optimizers", optimizer.spec().class_name, optimizer_config)},
      {"loss",
       keras_object(
           "keras.losses", loss.spec().class_name, config_of(loss.spec().access, loss.options()))},
      {"loss_weights", nullptr},
      {"metrics", std::move(metrics)},
      {"weighted_metrics", nullptr},
      {"run_eagerly", false},
      {"steps_per_execution", 1},
      {"jit_compile", false}};
}

/// [null, 60, 1] without its first axis.
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

Input read_input(const JsonAt& config) {
  for (const char* flag : {"sparse", "ragged"}) {
    if (config.has(flag) && config[flag].as_bool()) {
      config[flag].refuse("false, the only value that is supported");
    }
  }
  const char* key = config.has("batch_shape") ? "batch_shape" : "batch_input_shape";
  return {.shape = read_batch_shape(config[key]),
          .name = config.has("name") ? read_name(config["name"]) : ""};
}

/// What {class_name, config} or a bare name stands for: the name, and the config if there is one.
/// Keras writes its functions as objects of class "function", whose config is the name.
std::pair<std::string, std::optional<JsonAt>> read_object(const JsonAt& at) {
  if (at.value().is_string()) {
    return {at.as_string(), std::nullopt};
  }
  if (at["class_name"].as_string() == "function") {
    return {at["config"].as_string(), std::nullopt};
  }
  return {at["class_name"].as_string(),
          at.has("config") ? std::optional(at["config"]) : std::nullopt};
}

template <class Chosen, class Spec>
Chosen read_choice(const JsonAt& at,
                   const char* kind,
                   const Spec* (*find)(std::string_view),
                   std::vector<std::string_view> (*names)()) {
  const auto [name, config] = read_object(at);
  const Spec* spec = find(name);
  if (spec == nullptr) {
    throw error<FileError>(unknown_name(at.where(), kind, name, names()));
  }
  return Chosen(*spec, config ? read_options(spec->access, *config) : spec->access.create());
}

void read_metrics(const JsonAt& at, std::vector<Metric>& metrics) {
  if (at.value().is_array()) {
    for (std::size_t i = 0; i < at.size(); ++i) {
      read_metrics(at[i], metrics);  // one list for each output; JSON's depth is limited
    }
    return;
  }
  const auto [name, config] = read_object(at);
  const MetricSpec* spec = find_metric(name);
  if (spec == nullptr) {
    throw error<FileError>(unknown_name(at.where(), "metric", name, metric_names()));
  }
  for (const auto& [option, value] : spec->options) {
    if (config) {
      check_fixed(*config, option, value);
    }
  }
  const bool has_name = config && config->has("name");
  const std::string shown =
      has_name ? read_name((*config)["name"]) : (config ? std::string(spec->name) : name);
  metrics.emplace_back(*spec, shown);
}

}  // namespace

Json model_config(const ModelData& data) {
  const std::vector<Shape> outputs = output_shapes(data.network, *data.input);
  Json layers = Json::array();
  if (data.network.nodes[0].layer.get_if<Input>() == nullptr) {
    layers.push_back(input_layer(free_input_name(data.network), *data.input));
  }
  for (const NetworkNode& node : data.network.nodes) {
    layers.push_back(layer_object(node, input_shapes(node, outputs, *data.input)[0]));
  }
  Json config = {{"name", data.name},
                 {"trainable", true},
                 {"dtype", float32_policy()},
                 {"layers", std::move(layers)},
                 {"build_input_shape", batch_shape(*data.input)}};
  Json model = keras_object("keras", "Sequential", std::move(config));
  model["build_config"] = {{"input_shape", batch_shape(*data.input)}};
  model["compile_config"] = data.compiled ? compile_config(*data.compiled) : Json::object();
  return model;
}

void read_model_config(const JsonAt& config, ModelData& data, std::optional<Shape>& input) {
  const JsonAt kind = config["class_name"];
  if (kind.as_string() != "Sequential") {
    kind.refuse("'Sequential'", "Functional models and subclasses are not supported yet.");
  }
  const JsonAt inner = config["config"];
  const JsonAt layers = inner.value().is_array() ? inner : inner["layers"];
  if (inner.value().is_object() && inner.has("name")) {
    data.name = read_name(inner["name"]);
  }
  if (layers.size() < 1 || layers.size() > kMostLayers) {
    layers.refuse(fmt::format("1 to {} layers", kMostLayers));
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool is_input = layers[i]["class_name"].as_string() == "InputLayer";
    if (i > 0 && is_input) {
      layers[i].refuse("no InputLayer behind another layer");
    }
    const Layer layer = is_input ? Layer(read_input(layers[i]["config"])) : read_layer(layers[i]);
    if (const Input* first = layer.get_if<Input>()) {
      input = first->shape;
    }
    try {
      add_layer(data, layer);
    } catch (const OptionError& problem) {
      throw FileError(layers[i].where() + ": " + problem.what());
    }
  }
  for (const JsonAt& place : {inner, config}) {
    if (input || !place.value().is_object()) {
      continue;
    }
    if (place.has("build_input_shape")) {
      input = read_batch_shape(place["build_input_shape"]);
    } else if (place.has("build_config") && place["build_config"].has("input_shape")) {
      input = read_batch_shape(place["build_config"]["input_shape"]);
    }
  }
}

void read_compile_config(const JsonAt& config, ModelData& data) {
  CompileOptions options;
  if (!config.has("optimizer") || !config.has("loss")) {
    return;  // Keras writes {} for a model that was not compiled
  }
  options.optimizer =
      read_choice<Optimizer>(config["optimizer"], "optimizer", find_optimizer, optimizer_names);
  options.loss = read_choice<Loss>(config["loss"], "loss", find_loss, loss_names);
  if (config.has("metrics")) {
    read_metrics(config["metrics"], options.metrics);
  }
  if (config.has("loss_weights") || config.has("weighted_metrics")) {
    config.refuse("no loss_weights and no weighted_metrics", "They are not supported yet.");
  }
  compile(data, std::move(options));
}

}  // namespace engram::io
