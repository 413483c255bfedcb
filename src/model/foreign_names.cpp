// SPDX-License-Identifier: Apache-2.0
#include "model/foreign_names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "engine/nested_model.hpp"
#include "parts/foreign.hpp"

namespace engram {

namespace {

/// What a foreign thing stands in the way of.
enum class Need { nothing, first_values, training, judging };

struct Found {
  Need need = Need::nothing;
  std::string what;  ///< "loss 'MyLoss'"
};

class InitializerFinder final : public LookingVisitor {
 public:
  using LookingVisitor::option;

  std::vector<Found> found;

  void option(std::string_view name, Initializer& value) override {
    if (!value.object.empty()) {
      found.push_back({Need::first_values, fmt::format("{} '{}'", name, value.class_name())});
    }
  }

  void option(std::string_view, std::optional<Layer>& value) override {
    if (value) {
      look(*value);
    }
  }

  void option(std::string_view, std::vector<Layer>& value) override {
    std::ranges::for_each(value, [&](const Layer& layer) { look(layer); });
  }

  void look(const Layer& layer) {
    if (const NestedModel* nested = nested_model(layer)) {
      for (const NetworkNode& node : nested->network.nodes) {
        look(node.layer);
      }
      return;
    }
    layer.spec().access.visit(const_cast<void*>(layer.options()), *this);  // it only looks
  }
};

std::vector<Found> foreign_things(const ModelData& data) {
  std::vector<Found> found;
  const auto look = [&](Need need, std::string_view kind, const auto& choice) {
    if (const Foreign* foreign = foreign_of(choice)) {
      found.push_back({need, fmt::format("{} '{}'", kind, foreign->name)});
    }
  };
  if (data.compiled) {
    const Compiled& compiled = *data.compiled;
    for (std::size_t i = 0; i < data.network.outputs.size(); ++i) {
      look(Need::judging, "loss", data.loss_of(i));
      for (const auto* metrics : {&data.metrics_of(i), &data.weighted_metrics_of(i)}) {
        for (const Metric& metric : *metrics) {
          look(Need::nothing, "metric", metric);
        }
      }
    }
    look(Need::training, "optimizer", compiled.optimizers[0].optimizer);
  }
  for (const NetworkWeight& weight : data.network.weights) {
    if (weight.rules.regularizer.choice) {
      look(Need::judging, weight.path + "'s regularizer", *weight.rules.regularizer.choice);
    }
    if (weight.rules.constraint.choice) {
      look(Need::training, weight.path + "'s constraint", *weight.rules.constraint.choice);
    }
  }
  for (const NetworkNode& node : data.network.nodes) {
    InitializerFinder finder;
    finder.look(node.layer);
    for (Found& one : finder.found) {
      one.what = node.name + "'s " + one.what;
      found.push_back(std::move(one));
    }
  }
  return found;
}

const char* consequence(Need need) {
  switch (need) {
    case Need::judging:
      return "it predicts, but can neither be evaluated nor trained";
    case Need::training:
      return "it predicts and can be evaluated, but not trained";
    case Need::first_values:
      return "its weights are the file's";
    case Need::nothing:
      break;
  }
  return "logs are without it";
}

}  // namespace

std::vector<std::string> warnings_of(const ModelData& data) {
  std::vector<std::string> warnings;
  for (const Found& found : foreign_things(data)) {
    std::string text =
        fmt::format("{} is none of Keras's: {}.", found.what, consequence(found.need));
    if (std::ranges::find(warnings, text) == warnings.end()) {
      warnings.push_back(std::move(text));
    }
  }
  if (!data.optimizer_problem.empty()) {
    warnings.push_back(data.optimizer_problem);
  }
  return warnings;
}

void check_foreign(const ModelData& data, bool trains, std::string_view where) {
  for (const Found& found : foreign_things(data)) {
    if (found.need == Need::judging || (trains && found.need == Need::training)) {
      throw error<StateError>(
          {.where = std::string(where),
           .expected = "what Keras has",
           .got = "the file's " + found.what,
           .remedy = "Compile the model with something else, or make it anew."});
    }
  }
}

}  // namespace engram
