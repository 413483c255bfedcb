// SPDX-License-Identifier: Apache-2.0
#include "layers/layer_spec.hpp"

namespace engram {

const LayerSpec* find_layer(std::string_view class_name) {
  for (const LayerSpec* spec : layers()) {
    if (spec->class_name == class_name) {
      return spec;
    }
  }
  return nullptr;
}

std::vector<WeightSpec> weights_of(const LayerSpec& spec,
                                   const void* options,
                                   std::span<const Shape> inputs) {
  std::vector<WeightSpec> weights = spec.weights(options, inputs);
  for (WeightSpec& weight : weights) {
    if (!weight.rules.regularizer.choice && !weight.rules.constraint.choice) {
      const std::string own = weight.name.substr(weight.name.rfind('/') + 1);  // "layer_1/kernel"
      weight.rules = rules_of(spec.access, options, own);
    }
  }
  return weights;
}

std::vector<std::string_view> layer_names() {
  std::vector<std::string_view> names;
  for (const LayerSpec* spec : layers()) {
    names.push_back(spec->class_name);
  }
  return names;
}

namespace {

class CommonOptionsVisitor final : public LookingVisitor {
 public:
  using LookingVisitor::option;

  CommonOptions found;

  void option(std::string_view name, std::string& value) override {
    if (name == "name") {
      found.name = value;
    }
  }

  void option(std::string_view name, bool& value) override {
    if (name == "trainable") {
      found.trainable = value;
    } else if (name == "go_backwards") {
      found.go_backwards = value;
      found.is_recurrent = true;
    } else if (name == "return_sequences") {
      found.return_sequences = value;
    } else if (name == "stateful") {
      found.stateful = value;
    }
  }

  void option(std::string_view name, std::optional<Layer>&) override {
    found.go_backwards |= name == "backward_layer";
  }
};

}  // namespace

CommonOptions common_options(const LayerSpec& spec, const void* options) {
  CommonOptionsVisitor visitor;
  spec.access.visit(const_cast<void*>(options), visitor);  // the visitor only looks
  return visitor.found;
}

}  // namespace engram
