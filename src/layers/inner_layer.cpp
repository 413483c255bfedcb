// SPDX-License-Identifier: Apache-2.0
#include "layers/inner_layer.hpp"

#include <algorithm>

#include "base/aligned.hpp"
#include "layers/activity.hpp"

namespace engram {

namespace {

/// Sets one option; others, and those of another type, stay.
class Setter final : public LookingVisitor {
 public:
  using LookingVisitor::option;

  explicit Setter(const NamedValue& value) : value_(value) {}

  void option(std::string_view name, bool& value) override { set(name, value); }

  void option(std::string_view name, std::string& value) override { set(name, value); }

  void call_option(std::string_view name, bool& value) override { set(name, value); }

 private:
  template <class T>
  void set(std::string_view name, T& value) {
    if (name == value_.first) {
      value = std::get<T>(value_.second);
    }
  }

  const NamedValue& value_;
};

}  // namespace

Layer with_options(const Layer& layer, std::initializer_list<NamedValue> values) {
  std::shared_ptr<void> options = layer.spec().access.copy(layer.options());
  for (const NamedValue& value : values) {
    Setter setter(value);
    layer.spec().access.visit(options.get(), setter);
  }
  return Layer(layer.spec(), std::move(options));
}

std::string name_of(const Layer& layer) {
  const std::string own = common_options(layer.spec(), layer.options()).name;
  return own.empty() ? std::string(layer.spec().auto_name) : own;
}

std::vector<std::string> names_of(std::span<const Layer> layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) {
    const std::string name = name_of(layer);
    std::string unique = name;
    for (int i = 1; std::ranges::find(names, unique) != names.end(); ++i) {
      unique = name + "_" + std::to_string(i);
    }
    names.push_back(unique);
  }
  return names;
}

std::vector<WeightSpec> inner_weights(std::span<const InnerLayer> layers,
                                      std::span<const Shape> inputs) {
  std::vector<WeightSpec> all;
  for (const auto& [path, layer] : layers) {
    const bool trains = common_options(layer.spec(), layer.options()).trainable;
    for (WeightSpec& weight : weights_of(layer.spec(), layer.options(), inputs)) {
      weight.name = name_of(layer) + "/" + weight.name;
      weight.group = weight.group.empty() ? path : path + "/" + weight.group;
      weight.is_trainable &= trains;
      all.push_back(std::move(weight));
    }
  }
  return all;
}

std::vector<WeightGroup> inner_groups(std::span<const InnerLayer> layers) {
  std::vector<WeightGroup> all;
  for (const auto& [path, layer] : layers) {
    all.push_back({path, name_of(layer)});
    if (layer.spec().weight_groups != nullptr) {
      for (const WeightGroup& group : layer.spec().weight_groups(layer.options())) {
        all.push_back({path + "/" + group.path, group.name});
      }
    }
  }
  return all;
}

SliceRun InnerPlan::run(const SliceRun& whole) const {
  SliceRun inner = whole;
  inner.seed += 0x9e3779b97f4a7c15ull * part;
  inner.is_gradient_of_logits = false;
  inner.weights = whole.weights.subspan(first_weight, weights);
  if (!whole.gradients.empty()) {
    inner.gradients = whole.gradients.subspan(first_weight, weights);
  }
  inner.packed = whole.packed + packed;
  inner.workspace = whole.workspace + workspace;
  inner.states = whole.states != nullptr ? whole.states + states * whole.state_rows : nullptr;
  return inner;
}

void InnerPlans::add(const Layer& layer, const LayerSizes& sizes) {
  add(plan_of(layer.spec(), layer.options(), sizes),
      layer.spec().weights(layer.options(), sizes.inputs).size());
}

void InnerPlans::add(std::unique_ptr<LayerPlan> plan, std::size_t weights) {
  InnerPlan inner{.plan = std::move(plan),
                  .first_weight = weights_,
                  .weights = weights,
                  .packed = packed_,
                  .workspace = workspace_,
                  .states = states_,
                  .part = plans_.size() + 1};
  weights_ += inner.weights;
  packed_ += aligned_floats(inner.plan->packed_floats());
  workspace_ += aligned_floats(inner.plan->workspace_floats());
  states_ += inner.plan->state_floats();
  plans_.push_back(std::move(inner));
}

std::int64_t InnerPlans::pack_parts() const {
  std::int64_t parts = 0;
  for (const InnerPlan& inner : plans_) {
    parts += inner.plan->pack_parts();
  }
  return parts;
}

void InnerPlans::pack(std::span<const float* const> weights,
                      float* packed,
                      std::int64_t part) const {
  for (const InnerPlan& inner : plans_) {
    const std::int64_t parts = inner.plan->pack_parts();
    if (part < parts) {
      inner.plan->pack(
          weights.subspan(inner.first_weight, inner.weights), packed + inner.packed, part);
      return;
    }
    part -= parts;
  }
}

}  // namespace engram
