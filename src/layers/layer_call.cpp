// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/error.hpp"
#include "engram/layers/input.hpp"
#include "layers/inner_layer.hpp"
#include "layers/text_reader.hpp"

namespace engram {

KerasTensor Layer::operator()(const KerasTensor& x) const {
  return (*this)(std::vector<KerasTensor>{x});
}

KerasTensor Layer::operator()(const std::vector<KerasTensor>& inputs) const {
  const std::string where = fmt::format("{} '{}'", spec().class_name, name_of(*this));
  check_options(spec().access, options(), where);
  std::vector<Shape> shapes;
  for (const KerasTensor& input : inputs) {
    shapes.push_back(input.shape());
  }
  if (shapes.empty()) {
    throw error<OptionError>({.where = where, .expected = "an input", .got = "none"});
  }
  std::vector<Shape> outputs = {spec().text_reader != nullptr
                                    ? spec().text_reader(options())->sample_shape(shapes[0], where)
                                    : spec().output_shape(options(), shapes, where)};
  if (spec().more_outputs != nullptr) {
    for (Shape& shape : spec().more_outputs(options(), shapes)) {
      outputs.push_back(std::move(shape));
    }
  }
  return {std::make_shared<LayerCall>(LayerCall{*this, inputs, std::move(outputs)}), 0};
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
