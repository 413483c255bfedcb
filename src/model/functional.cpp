// SPDX-License-Identifier: Apache-2.0
#include "engram/functional.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "engram/layers/input.hpp"
#include "layers/inner_layer.hpp"
#include "model/model_data.hpp"

namespace engram {

namespace {

/// Turns the calls that lead to tensors into nodes, each after its inputs.
class GraphBuilder {
 public:
  explicit GraphBuilder(ModelData& data) : data_(data) {}

  void add_input(const KerasTensor& x) {
    if (x.call()->layer.get_if<Input>() == nullptr) {
      fail("inputs that come from an Input", std::string(x.call()->layer.spec().class_name));
    }
    data_.network.inputs.push_back(add(x).node);
  }

  /// The port of a tensor, with all that it needs.
  Port port_of(const KerasTensor& x) {
    const auto found = nodes_.find(x.call().get());
    if (found != nodes_.end()) {
      return {.node = found->second, .output = static_cast<int>(x.index())};
    }
    if (x.call()->layer.get_if<Input>() != nullptr) {
      fail("outputs that follow from the inputs of the model",
           "one that needs another Input of shape " + to_string(x.shape()));
    }
    return add(x);
  }

 private:
  [[noreturn]] void fail(const std::string& expected, const std::string& got) const {
    throw error<OptionError>({.where = data_.name,
                              .expected = expected,
                              .got = got,
                              .remedy = "Keep each Input as a KerasTensor and list all of them."});
  }

  Port add(const KerasTensor& x) {
    std::vector<Port> inputs;
    for (const KerasTensor& input : x.call()->inputs) {
      inputs.push_back(port_of(input));
    }
    const auto index = static_cast<int>(data_.network.nodes.size());
    const auto [first, is_new] = layers_.emplace(x.call()->layer.options(), index);
    const Layer layer = called_with(x.call()->layer, x.call()->options, data_.name);
    if (is_new) {
      add_node(data_, layer, std::move(inputs));
    } else {
      NetworkNode again = data_.network.nodes[static_cast<std::size_t>(first->second)];
      again.layer = layer;
      again.inputs = std::move(inputs);
      again.first_call = first->second;
      data_.network.nodes.push_back(std::move(again));
    }
    nodes_.emplace(x.call().get(), index);
    return {.node = index, .output = static_cast<int>(x.index())};
  }

  ModelData& data_;
  std::map<const LayerCall*, int> nodes_;
  std::map<const void*, int> layers_;  // by their options, which copies of a layer share
};

}  // namespace

Functional::Functional(const std::vector<KerasTensor>& inputs,
                       const std::vector<KerasTensor>& outputs,
                       std::string name) {
  data_->name = std::move(name);
  if (inputs.empty() || outputs.empty()) {
    throw error<OptionError>({.where = data_->name,
                              .expected = "inputs and outputs",
                              .got = inputs.empty() ? "no input" : "no output"});
  }
  data_->is_graph = true;
  GraphBuilder builder(*data_);
  for (const KerasTensor& input : inputs) {
    builder.add_input(input);
  }
  std::vector<Port> ports;
  for (const KerasTensor& output : outputs) {
    ports.push_back(builder.port_of(output));
  }
  data_->network.outputs = std::move(ports);
  data_->network.layers = keras_order(data_->network);
  engram::build(*data_, declared_inputs(data_->network));
}

}  // namespace engram
