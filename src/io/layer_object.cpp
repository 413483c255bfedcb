// SPDX-License-Identifier: Apache-2.0
#include "io/layer_object.hpp"

#include <fmt/format.h>

#include "engine/nested_model.hpp"
#include "engram/layers/input.hpp"
#include "io/graph_config.hpp"

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
  std::string dtype = "float32";
  for (const char* other : {"string", "int32", "int64"}) {
    dtype = config.has("dtype") && config["dtype"].value() == other ? other : dtype;
  }
  return {.shape = read_batch_shape(shape),
          .batch_size = batch_size,
          .dtype = dtype,
          .name = config.has("name") ? read_name(config["name"]) : ""};
}

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

class CallOptions final : public LookingVisitor {
 public:
  std::map<std::string, bool, std::less<>> values;

  void call_option(std::string_view name, bool& value) override {
    values.emplace(std::string(name), value);
  }
};

}  // namespace

std::map<std::string, bool, std::less<>> call_options(const Layer& layer) {
  CallOptions found;
  layer.spec().access.visit(const_cast<void*>(layer.options()), found);  // it only looks
  return std::move(found.values);
}

}  // namespace engram::io
