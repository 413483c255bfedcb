// SPDX-License-Identifier: Apache-2.0
/// What a model is compiled with, to and from Keras's config.json.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "io/config.hpp"
#include "parts/foreign.hpp"
#include "parts/schedule_spec.hpp"

namespace engram::io {

namespace {

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

/// With the rate that is in use.
Json optimizer_object(const OptimizerInUse& used) {
  const Optimizer& optimizer = used.optimizer;
  if (const Foreign* foreign = foreign_of(optimizer)) {
    return Json::parse(foreign->object);
  }
  Json config = config_of(optimizer.spec().access, optimizer.options());
  if (config["learning_rate"].is_number()) {
    config["learning_rate"] = static_cast<double>(used.learning_rate);
  }
  return keras_object("keras.optimizers", optimizer.spec().class_name, std::move(config));
}

/// One that stands in several places has the same number in each.
Json multi_optimizer_object(const Compiled& compiled) {
  const OptimizerSpec& spec = multi_optimizer_spec();
  const OptimizerMap& map = compiled.multi_optimizer->optimizer_map;
  Json config = config_of(spec.access, &*compiled.multi_optimizer);
  Json& entries = config["optimizer_map"]["config"];
  const auto put = [&](const Optimizer& optimizer, Json& into) {
    const auto used = std::ranges::find_if(compiled.optimizers, [&](const OptimizerInUse& one) {
      return is_same(one.optimizer, optimizer);
    });
    into = optimizer_object(*used);
    into["shared_object_id"] = used - compiled.optimizers.begin();
  };
  put(map.default_optimizer, entries["default_optimizer"]);
  for (const auto& [key, optimizer] : map.optimizer_map) {
    put(optimizer, entries["optimizer_map"][key]);
  }
  return keras_object("keras.optimizers", spec.class_name, std::move(config));
}

Json optimizer_object(const Compiled& compiled) {
  if (compiled.multi_optimizer) {
    return multi_optimizer_object(compiled);
  }
  Json object = optimizer_object(compiled.optimizers[0]);
  if (compiled.loss_scale) {
    const OptimizerSpec& wrapper = loss_scale_optimizer_spec();
    Json around = config_of(wrapper.access, &compiled.loss_scale->options);
    around["inner_optimizer"] = std::move(object);
    return keras_object("keras.optimizers", wrapper.class_name, std::move(around));
  }
  return object;
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

/// The optimizers in the config of a wrapper. Errors: FileError.
std::vector<JsonAt> inner_objects(const OptimizerSpec* wrapper, const JsonAt& config) {
  if (wrapper == &loss_scale_optimizer_spec()) {
    return {config["inner_optimizer"]};
  }
  std::vector<JsonAt> all;
  if (wrapper == &multi_optimizer_spec()) {
    const JsonAt map = config["optimizer_map"]["config"];
    for (const auto& entry : map["optimizer_map"].value().items()) {
      all.push_back(map["optimizer_map"][entry.key()]);
    }
    all.push_back(map["default_optimizer"]);
  }
  return all;
}

/// Makes those with one shared_object_id one optimizer again.
void share(const JsonAt& config, OptimizerMap& map) {
  std::map<std::int64_t, Optimizer> known;
  std::vector<Optimizer*> all;
  for (auto& entry : map.optimizer_map) {
    all.push_back(&entry.second);
  }
  all.push_back(&map.default_optimizer);
  const std::vector<JsonAt> objects = inner_objects(&multi_optimizer_spec(), config);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (objects[i].has("shared_object_id")) {
      *all[i] = known.emplace(objects[i]["shared_object_id"].as_int(), *all[i]).first->second;
    }
  }
}

/// An optimizer with a schedule of somebody's own is as foreign as the schedule, one around a
/// foreign optimizer as that, one that chooses by somebody's function as the function.
Optimizer read_optimizer(const JsonAt& at) {
  const auto [name, config] = read_object(at);
  const OptimizerSpec* spec = find_optimizer(name);
  const auto foreign_with = [&, named = name](const std::string& part) {
    return foreign_choice<OptimizerSpec, Optimizer>(fmt::format("{} with {}", named, part),
                                                    at.value().dump());
  };
  if (spec == &multi_optimizer_spec() && config) {
    const JsonAt map = (*config)["optimizer_map"];
    if (foreign_name(map) != "OptimizerMap") {
      return foreign_with(foreign_name(map));
    }
  }
  if (spec != nullptr && spec->wraps_others && config) {
    for (const JsonAt& object : inner_objects(spec, *config)) {
      const Optimizer inner = read_optimizer(object);
      if (const Foreign* foreign = foreign_of(inner)) {
        return foreign_with(foreign->name);
      }
    }
  }
  if (spec != nullptr && config && config->value().is_object() && config->has("learning_rate") &&
      (*config)["learning_rate"].value().is_object()) {
    LearningRate rate = 0.0f;
    const JsonAt schedule = (*config)["learning_rate"];
    if (LearningRateOption(rate).find(schedule["class_name"].as_string()) == nullptr) {
      return foreign_with(foreign_name(schedule));
    }
  }
  const Optimizer optimizer = read_choice<Optimizer>(at, find_optimizer);
  if (const auto* multi = optimizer.get_if<MultiOptimizer>(); multi != nullptr && config) {
    MultiOptimizer shared = *multi;
    share(*config, shared.optimizer_map);
    return shared;
  }
  return optimizer;
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

}  // namespace

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
