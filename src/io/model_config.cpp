// SPDX-License-Identifier: Apache-2.0
/// A model's layers and compile options to and from Keras's config.json.
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
#include "parts/schedule_spec.hpp"

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

Json metric_object(const Metric& metric) {
  if (const Foreign* foreign = foreign_of(metric)) {
    return Json::parse(foreign->object);
  }
  const MetricSpec& spec = metric.spec();
  const Json options = config_of(spec.access, metric.options());
  const Json defaults = config_of(spec.access, spec.access.create().get());
  if (find_metric(metric.name()) == &spec && options == defaults) {
    return metric.name();
  }
  Json config = {{"name", metric.name()}, {"dtype", spec.keeps_whole_numbers ? "int" : "float32"}};
  config.update(options);
  return keras_object("keras.metrics", spec.class_name, std::move(config));
}

Json metric_objects(const std::vector<Metric>& metrics) {
  Json list = nullptr;
  for (const Metric& metric : metrics) {
    list.push_back(metric_object(metric));
  }
  return list;
}

Json loss_object(const Loss& loss) {
  if (const Foreign* foreign = foreign_of(loss)) {
    return Json::parse(foreign->object);
  }
  return keras_object(
      "keras.losses", loss.spec().class_name, config_of(loss.spec().access, loss.options()));
}

Json optimizer_object(const Compiled& compiled) {
  const Optimizer& optimizer = compiled.optimizer;
  if (const Foreign* foreign = foreign_of(optimizer)) {
    return Json::parse(foreign->object);
  }
  Json config = config_of(optimizer.spec().access, optimizer.options());
  if (config["learning_rate"].is_number()) {
    config["learning_rate"] = static_cast<double>(compiled.learning_rate);
  }
  Json object = keras_object("keras.optimizers", optimizer.spec().class_name, std::move(config));
  if (compiled.loss_scale) {
    const OptimizerSpec& wrapper = loss_scale_optimizer_spec();
    Json around = config_of(wrapper.access, &compiled.loss_scale->options);
    around["inner_optimizer"] = std::move(object);
    return keras_object("keras.optimizers", wrapper.class_name, std::move(around));
  }
  return object;
}

Json compile_config(const Compiled& compiled) {
  Json loss, weights;  // null, or a list with an entry for each output
  for (const Loss& one : compiled.losses) {
    loss.push_back(loss_object(one));
  }
  for (const float weight : compiled.loss_weights) {
    weights.push_back(weight);
  }
  const auto by_output = [](const std::vector<std::vector<Metric>>& lists) {
    Json all;  // null, or a list for each output
    for (const std::vector<Metric>& list : lists) {
      all.push_back(list.empty() ? Json::array() : metric_objects(list));
    }
    return all;
  };
  Json metrics = by_output(compiled.output_metrics);
  Json weighted = by_output(compiled.output_weighted_metrics);
  return {{"optimizer", optimizer_object(compiled)},
          {"loss", loss.is_null() ? loss_object(compiled.loss) : std::move(loss)},
          {"loss_weights", std::move(weights)},
          {"metrics", metrics.is_null() ? metric_objects(compiled.metrics) : std::move(metrics)},
          {"weighted_metrics",
           weighted.is_null() ? metric_objects(compiled.weighted_metrics) : std::move(weighted)},
          {"run_eagerly", false},
          {"steps_per_execution", 1},
          {"jit_compile", false}};
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
Chosen read_choice(const JsonAt& at, const Spec* (*find)(std::string_view)) {
  const auto [name, config] = read_object(at);
  const Spec* spec = find(name);
  if (spec == nullptr) {
    return foreign_choice<Spec, Chosen>(foreign_name(at), at.value().dump());
  }
  return Chosen(*spec, config ? read_options(spec->access, *config) : spec->access.create());
}

/// An optimizer with a schedule of somebody's own is as foreign as the schedule, one around a
/// foreign optimizer as that.
Optimizer read_optimizer(const JsonAt& at) {
  const auto [name, config] = read_object(at);
  if (find_optimizer(name) == &loss_scale_optimizer_spec() && config &&
      config->value().is_object() && config->has("inner_optimizer")) {
    const Optimizer inner = read_optimizer((*config)["inner_optimizer"]);
    if (const Foreign* foreign = foreign_of(inner)) {
      return foreign_choice<OptimizerSpec, Optimizer>(
          fmt::format("{} with {}", name, foreign->name), at.value().dump());
    }
  }
  if (find_optimizer(name) != nullptr && config && config->value().is_object() &&
      config->has("learning_rate") && (*config)["learning_rate"].value().is_object()) {
    LearningRate rate = 0.0f;
    const JsonAt schedule = (*config)["learning_rate"];
    if (LearningRateOption(rate).find(schedule["class_name"].as_string()) == nullptr) {
      return foreign_choice<OptimizerSpec, Optimizer>(
          fmt::format("{} with {}", name, foreign_name(schedule)), at.value().dump());
    }
  }
  return read_choice<Optimizer>(at, find_optimizer);
}

/// The entries of a list, or of an object keyed by the outputs' names, in the order of the outputs;
/// none when `at` is a single thing, such as {class_name, config}.
std::vector<JsonAt> by_output(const JsonAt& at, const ModelData& data) {
  std::vector<JsonAt> entries;
  if (at.value().is_array()) {
    for (std::size_t i = 0; i < at.size(); ++i) {
      entries.push_back(at[i]);
    }
  } else if (at.value().is_object() && !at.has("class_name")) {
    for (const Port& port : data.network.outputs) {
      entries.push_back(at[data.network.nodes[static_cast<std::size_t>(port.node)].name]);
    }
  }
  return entries;
}

void read_metrics(const JsonAt& at, std::vector<Metric>& metrics) {
  if (at.value().is_null()) {
    return;  // an output without metrics
  }
  if (at.value().is_array()) {
    for (std::size_t i = 0; i < at.size(); ++i) {
      read_metrics(at[i], metrics);  // one list for each output; JSON's depth is limited
    }
    return;
  }
  const auto [name, config] = read_object(at);
  const MetricSpec* spec = find_metric(name);
  if (spec == nullptr) {
    const std::string own = foreign_name(at);
    metrics.emplace_back(foreign_choice<MetricSpec>(own, at.value().dump()), own);
    return;
  }
  std::shared_ptr<void> options = spec->access.create();
  std::string shown = name;
  if (config) {
    Json own = config->value();
    shown = config->has("name") ? read_name((*config)["name"]) : "";
    own.erase("name");
    options = read_options(spec->access, JsonAt(own, config->where()));
  }
  metrics.emplace_back(Choice<MetricSpec>(*spec, std::move(options)), shown);
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

void read_compile_config(const JsonAt& config, ModelData& data) {
  CompileOptions options;
  if (!config.has("optimizer") || !config.has("loss")) {
    return;  // Keras writes {} for a model that was not compiled
  }
  options.optimizer = read_optimizer(config["optimizer"]);
  const std::vector<JsonAt> losses = by_output(config["loss"], data);
  for (const JsonAt& loss : losses) {
    options.losses.push_back(read_choice<Loss>(loss, find_loss));
  }
  if (losses.empty()) {
    options.loss = read_choice<Loss>(config["loss"], find_loss);
  }
  if (config.has("loss_weights")) {
    const JsonAt weights = config["loss_weights"];
    for (const JsonAt& weight : by_output(weights, data)) {
      options.loss_weights.push_back(static_cast<float>(weight.as_double()));
    }
    if (options.loss_weights.empty()) {
      options.loss_weights = {static_cast<float>(weights.as_double())};
    }
  }
  const auto read_all = [&](const char* name, auto& metrics, auto& output_metrics) {
    if (config.has(name) && config[name].value().is_object()) {  // of some outputs, by their names
      for (const Port& port : data.network.outputs) {
        const std::string& output = data.network.nodes[static_cast<std::size_t>(port.node)].name;
        output_metrics.emplace_back();
        if (config[name].has(output)) {
          read_metrics(config[name][output], output_metrics.back());
        }
      }
    } else if (config.has(name) && data.network.outputs.size() > 1) {
      for (const JsonAt& list : by_output(config[name], data)) {
        read_metrics(list, output_metrics.emplace_back());
      }
    } else if (config.has(name)) {
      read_metrics(config[name], metrics);
    }
  };
  read_all("metrics", options.metrics, options.output_metrics);
  read_all("weighted_metrics", options.weighted_metrics, options.output_weighted_metrics);
  compile(data, std::move(options));
}

}  // namespace engram::io
