// SPDX-License-Identifier: Apache-2.0
#include "engram/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "engine/nested_model.hpp"
#include "engram/layers/input.hpp"
#include "engram/sequential.hpp"
#include "layers/inner_layer.hpp"
#include "model/connections.hpp"
#include "model/model_data.hpp"
#include "model/runtime_state.hpp"
#include "model/summary.hpp"
#include "model/texts.hpp"

namespace engram {

Model::Model() : data_(std::make_unique<ModelData>()) { data_->seed = next_model_seed(); }

Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

namespace {

/// Builds a model whose inputs are Input layers.
void build_if_declared(ModelData& data) {
  const std::vector<Shape> inputs = declared_inputs(data.network);
  if (!inputs.empty()) {
    build(data, inputs);
  }
}

}  // namespace

bool declares_inputs(const Network& network) {
  return !network.inputs.empty() && std::ranges::all_of(network.inputs, [&](int i) {
    const NetworkNode& node = network.nodes[static_cast<std::size_t>(i)];
    return node.layer.get_if<Input>() != nullptr || reads_texts(network, node);
  });
}

std::vector<Shape> declared_inputs(const Network& network) {
  if (!declares_inputs(network)) {
    return {};
  }
  std::vector<Shape> shapes;
  for (const int i : network.inputs) {
    const Input* input = network.nodes[static_cast<std::size_t>(i)].layer.get_if<Input>();
    const TextInput texts = text_input(network, shapes.size());
    shapes.push_back(texts.reader != nullptr ? texts.reader->sample_shape(texts.sample, texts.where)
                                             : input->shape);
  }
  return shapes;
}

std::optional<std::int64_t> declared_batch_size(const Network& network) {
  std::optional<std::int64_t> size;
  for (const int i : network.inputs) {
    const NetworkNode& node = network.nodes[static_cast<std::size_t>(i)];
    const Input* input = node.layer.get_if<Input>();
    if (input != nullptr && size && input->batch_size && input->batch_size != size) {
      throw error<OptionError>({.where = node.where(),
                                .expected = fmt::format("batch_size {}, as another input", *size),
                                .got = fmt::format("{}", *input->batch_size)});
    }
    size = input != nullptr && input->batch_size ? input->batch_size : size;
  }
  return size;
}

Model::operator Layer() const {
  if (depth_of(data_->network) >= kDeepestModel) {
    throw error<OptionError>(
        {.where = data_->name,
         .expected = fmt::format("models within models at most {} deep", kDeepestModel),
         .got = "more"});
  }
  const bool has_own_name = data_->name != (data_->is_graph ? "functional" : "sequential");
  NestedModel nested{.name = has_own_name ? data_->name : "",
                     .is_graph = data_->is_graph,
                     .network = data_->network};
  for (const Tensor& weight : get_weights()) {
    nested.values.insert(nested.values.end(), weight.values().begin(), weight.values().end());
  }
  return nested_layer(std::move(nested));
}

const std::string& Model::name() const { return data_->name; }

bool Model::is_built() const { return data_->is_built(); }

bool Model::is_compiled() const { return data_->compiled.has_value(); }

void Model::build(const Shape& input_shape) { engram::build(*data_, {input_shape}); }

void Model::compile(CompileOptions options) {
  build_if_declared(*data_);
  engram::compile(*data_, std::move(options));
}

std::map<std::string, std::string>& Model::notes() { return data_->notes; }

const std::map<std::string, std::string>& Model::notes() const { return data_->notes; }

Sequential::Sequential(const std::vector<Layer>& layers, std::string name) {
  data_->name = std::move(name);
  for (const Layer& layer : layers) {
    add(layer);
  }
  build_if_declared(*data_);
}

void Sequential::add(const Layer& layer) { add_layer(*data_, layer); }

namespace {

/// `base`, or base_1, base_2, ... when a layer has that name already.
std::string free_name(const Network& network, const std::string& base) {
  std::set<std::string> taken;
  for (const NetworkNode& node : network.nodes) {
    taken.insert(node.name);
  }
  std::string name = base;
  for (int i = 1; taken.contains(name); ++i) {
    name = fmt::format("{}_{}", base, i);
  }
  return name;
}

}  // namespace

void add_node(ModelData& data, const Layer& layer, std::vector<Port> inputs) {
  const std::string own = common_options(layer.spec(), layer.options()).name;
  const std::string name =
      own.empty() ? free_name(data.network, std::string(layer.spec().auto_name)) : own;
  NetworkNode node{.layer = layer, .name = name, .inputs = std::move(inputs)};
  check_options(layer.spec().access, layer.options(), node.where());
  if (!own.empty() && free_name(data.network, own) != own) {
    throw error<OptionError>({.where = data.name,
                              .expected = "a different name for each layer",
                              .got = in_quotes(own) + " twice"});
  }
  data.network.nodes.push_back(std::move(node));
}

void add_layer(ModelData& data, const Layer& layer) {
  if (data.is_built()) {
    throw error<StateError>({.where = data.name,
                             .expected = "layers to be added before the model is built",
                             .got = std::string(layer.spec().class_name),
                             .remedy = "Add all layers first."});
  }
  add_node(data, layer, data.network.outputs);
  data.network.layers.push_back(static_cast<int>(data.network.nodes.size()) - 1);
  data.network.inputs = {0};
  data.network.outputs = {{.node = static_cast<int>(data.network.nodes.size()) - 1}};
}

namespace {

/// Errors: OptionError for a layer in a line that gives several outputs, takes a list or is called
/// in reverse, as in Keras.
void check_line(const ModelData& data, const std::vector<Shape>& inputs) {
  const NetworkShapes shapes = shapes_of(data.network, inputs);
  for (std::size_t i = 0; i < data.network.nodes.size(); ++i) {
    const NetworkNode& node = data.network.nodes[i];
    const MaskRule rule = node.spec().mask_rule(node.options());
    const bool takes_list = rule == MaskRule::joins_any || rule == MaskRule::joins_all;
    if (takes_list || is_reversed(node.layer) || shapes.outputs[i].size() > 1) {
      throw error<OptionError>({.where = data.name + ": " + node.where(),
                                .expected = "layers of one input and one output",
                                .got = takes_list                ? "one that takes a list"
                                       : is_reversed(node.layer) ? "one in reverse"
                                                                 : "one with states",
                                .remedy = "Use Functional."});
    }
  }
}

/// Errors: OptionError for an Input that leaves the batch size open before stateful layers.
void take_batch_size(ModelData& data) {
  const std::optional<std::int64_t> declared = declared_batch_size(data.network);
  if (data.network.carried == 0) {
    return;
  }
  if (!declared && declares_inputs(data.network)) {
    throw error<OptionError>({.where = data.name,
                              .expected = "an Input with a batch_size",
                              .got = "stateful layers behind one without",
                              .remedy = "States are carried for a fixed number of rows."});
  }
  data.batch_size = declared;
}

}  // namespace

void build_without_values(ModelData& data, const std::vector<Shape>& inputs) {
  if (data.network.nodes.empty()) {
    throw error<StateError>({.where = data.name,
                             .expected = "at least one layer",
                             .got = "none",
                             .remedy = "Call add."});
  }
  if (inputs.size() != data.network.inputs.size()) {
    throw error<ShapeError>({.where = data.name,
                             .expected = fmt::format("{} inputs", data.network.inputs.size()),
                             .got = fmt::format("{}", inputs.size())});
  }
  if (!data.is_graph) {
    check_line(data, inputs);
  }
  check_texts(data.network);
  check_nested(data.network, inputs);
  place_weights(data.network, inputs);
  take_batch_size(data);
  if (data.compiled) {
    make_slots(data.network, *data.compiled);
  }
  data.weights = AlignedFloats(data.network.floats);
  data.inputs = inputs;
  touch_weights(data);
}

void build(ModelData& data, const std::vector<Shape>& inputs) {
  if (data.is_built()) {
    return;
  }
  build_without_values(data, inputs);
  initialize_weights(data.network, inputs, data.seed, data.weights.data());
}

void touch_weights(ModelData& data) { ++data.version; }

std::optional<TrainingState> current_training_state(const ModelData& data) {
  std::optional<TrainingState> state = data.training;
  if (state && !data.active_callbacks.empty()) {
    state->callbacks.clear();
    for (const Callback* callback : data.active_callbacks) {
      state->callbacks.push_back(callback->memory());
    }
    state->states = data.states;
  }
  return state;
}

std::vector<LayerInfo> Model::layers() const {
  NetworkShapes shapes;
  if (is_built()) {
    shapes = shapes_of(data_->network, *data_->inputs);
  }
  std::vector<LayerInfo> infos;
  for (const int layer : data_->network.layers) {
    const auto i = static_cast<std::size_t>(layer);
    const NetworkNode& node = data_->network.nodes[i];
    if (!data_->is_graph && node.layer.get_if<Input>() != nullptr) {
      continue;  // Keras's Sequential does not count it among its layers either
    }
    LayerInfo info{.name = node.name,
                   .class_name = std::string(node.spec().class_name),
                   .has_weights = node.spec().weights != no_weights};
    if (is_built()) {
      const std::vector<Shape> outputs = with_batch_axis(
          is_text_input(node.layer) ? std::vector<Shape>(1, node.layer.get_if<Input>()->shape)
                                    : shapes.outputs[i]);
      info.output_shape = outputs[0];
      info.more_outputs.assign(outputs.begin() + 1, outputs.end());
    }
    add_connections(data_->network, layer, is_built() ? &shapes : nullptr, info);
    for (const int w : node.weights) {
      const NetworkWeight& weight = data_->network.weights[static_cast<std::size_t>(w)];
      info.params += weight.size;
      info.trainable_params += weight.is_trainable ? weight.size : 0;
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

void Model::reset_states() { std::ranges::fill(data_->states, 0.0f); }

void Model::set_mask_propagation(MaskPropagation propagation) {
  data_->network.masks_stop_at_recurrent = propagation == MaskPropagation::up_to_recurrent_layers;
  data_->plans.clear();
}

MaskPropagation Model::mask_propagation() const {
  return data_->network.masks_stop_at_recurrent ? MaskPropagation::up_to_recurrent_layers
                                                : MaskPropagation::through_recurrent_layers;
}

std::optional<std::int64_t> Model::batch_size() const { return data_->batch_size; }

std::int64_t Model::count_params() const {
  std::int64_t count = 0;
  for (const NetworkWeight& weight : data_->network.weights) {
    count += weight.size;
  }
  return count;
}

std::vector<WeightInfo> Model::weights() const {
  std::vector<WeightInfo> infos;
  for (const NetworkWeight& w : data_->network.weights) {
    infos.push_back({.path = w.path,
                     .layer = w.layer,
                     .name = w.name,
                     .shape = w.shape,
                     .is_trainable = w.is_trainable});
  }
  return infos;
}

std::vector<Tensor> Model::get_weights() const {
  std::vector<Tensor> tensors;
  for (const NetworkWeight& w : data_->network.weights) {
    const float* values = data_->weights.data() + w.offset;
    tensors.emplace_back(w.shape, std::vector<float>(values, values + w.size));
  }
  return tensors;
}

void Model::set_weights(const std::vector<Tensor>& weights) {
  const std::vector<NetworkWeight>& places = data_->network.weights;
  if (!is_built() || weights.size() != places.size()) {
    throw error<ShapeError>(
        {.where = data_->name + ".set_weights",
         .expected = is_built() ? fmt::format("{} arrays", places.size()) : "a built model",
         .got = fmt::format("{} arrays", weights.size())});
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (weights[i].shape() != places[i].shape) {
      throw error<ShapeError>({.where = data_->name + ".set_weights: " + places[i].path,
                               .expected = "shape " + to_string(places[i].shape),
                               .got = to_string(weights[i].shape())});
    }
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::copy_n(weights[i].data(), places[i].size, data_->weights.data() + places[i].offset);
  }
  touch_weights(*data_);
}

std::string Model::summary(int columns) const {
  std::int64_t optimizer_params = 0;
  if (is_compiled() && is_built()) {
    optimizer_params = count_optimizer_params(*data_);
  }
  const bool shows_connections = data_->is_graph && !is_line(data_->network);
  return summary_text(data_->name, layers(), optimizer_params, columns, shows_connections);
}

}  // namespace engram
