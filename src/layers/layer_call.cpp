// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/error.hpp"
#include "engram/layers/input.hpp"
#include "engram/layers/reversible_embedding.hpp"
#include "layers/inner_layer.hpp"
#include "layers/text_reader.hpp"

namespace engram {

namespace {

std::vector<Shape> shapes_of(const std::vector<KerasTensor>& inputs) {
  std::vector<Shape> shapes;
  for (const KerasTensor& input : inputs) {
    shapes.push_back(input.shape());
  }
  return shapes;
}

/// The shape of the first output of a call.
Shape called_shape(const Layer& layer,
                   const std::vector<KerasTensor>& inputs,
                   const std::string& where) {
  const LayerSpec& spec = layer.spec();
  std::vector<Shape> shapes = shapes_of(inputs);
  if (spec.text_reader == nullptr) {
    return spec.output_shape(layer.options(), shapes, where);
  }
  const auto reader = spec.text_reader(layer.options());
  if (spec.text_use == TextUse::read ||
      (spec.text_use == TextUse::read_or_numbers && is_text_input(inputs[0].call()->layer))) {
    return reader->sample_shape(shapes[0], where);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    shapes[i] =
        is_text_input(inputs[i].call()->layer) ? reader->sample_shape(shapes[i], where) : shapes[i];
  }
  return spec.output_shape(layer.options(), shapes, where);
}

}  // namespace

Layer called_with(const Layer& layer, const CallOptions& call, std::string_view where) {
  if (!call.reverse) {
    return layer;
  }
  if (layer.get_if<ReversibleEmbedding>() == nullptr) {
    throw error<OptionError>({.where = std::string(where),
                              .expected = "a call without reverse",
                              .got = "one in reverse",
                              .remedy = "ReversibleEmbedding is the layer that takes such calls."});
  }
  return with_options(layer, {{"reverse", true}});
}

bool is_reversed(const Layer& layer) {
  const auto* table = layer.get_if<ReversibleEmbedding>();
  return table != nullptr && table->reverse;
}

KerasTensor Layer::operator()(const KerasTensor& x, const CallOptions& call) const {
  return (*this)(std::vector<KerasTensor>{x}, call);
}

KerasTensor Layer::operator()(const std::vector<KerasTensor>& inputs,
                              const CallOptions& call) const {
  const std::string where = fmt::format("{} '{}'", spec().class_name, name_of(*this));
  check_options(spec().access, options(), where);
  if (inputs.empty()) {
    throw error<OptionError>({.where = where, .expected = "an input", .got = "none"});
  }
  std::vector<Shape> outputs = {called_shape(called_with(*this, call, where), inputs, where)};
  if (spec().more_outputs != nullptr) {
    for (Shape& shape : spec().more_outputs(options(), shapes_of(inputs))) {
      outputs.push_back(std::move(shape));
    }
  }
  return {std::make_shared<LayerCall>(LayerCall{*this, inputs, std::move(outputs), call}), 0};
}

KerasTensor::KerasTensor(const Input& input)
    : call_(std::make_shared<LayerCall>(LayerCall{Layer(input), {}, {input.shape}})), index_(0) {}

const Shape& KerasTensor::shape() const { return call_->outputs[index_]; }

KerasTensor KerasTensor::output(std::size_t i) const {
  if (i >= call_->outputs.size()) {
    throw error<OptionError>({.where = name_of(call_->layer),
                              .expected = fmt::format("an output below {}", call_->outputs.size()),
                              .got = fmt::format("{}", i)});
  }
  return {call_, i};
}

}  // namespace engram
