// SPDX-License-Identifier: Apache-2.0
/// engram inspect: what a model file holds.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "engram/inspect.hpp"
#include "engram/io.hpp"

namespace engram::cli {

namespace {

constexpr const char* kInspectExamples =
    "  engram inspect runs/stock-lstm/model.keras\n"
    "  engram inspect any.keras --json\n";

using Json = nlohmann::ordered_json;

Json shape_json(const Shape& shape) {
  Json axes = Json::array();
  for (const std::int64_t axis : shape) {
    axes.push_back(axis < 0 ? Json() : Json(axis));
  }
  return axes;
}

Json outputs_json(const std::vector<OutputDescription>& outputs) {
  Json json = Json::array();
  for (const OutputDescription& output : outputs) {
    json.push_back({{"name", output.name},
                    {"loss", output.loss},
                    {"loss_weight", output.loss_weight},
                    {"metrics", output.metrics},
                    {"weighted_metrics", output.weighted_metrics}});
  }
  return json;
}

/// "Loss of 'price': mean_squared_error, weight 0.5. Metrics: mean_absolute_error."
void print_output(const OutputDescription& output, bool is_only) {
  const auto list = [](const char* title, const std::vector<std::string>& names) {
    return names.empty() ? "" : fmt::format("{}: {}.", title, fmt::join(names, ", "));
  };
  fmt::print("Loss{}: {}{}.{}{}\n",
             is_only ? "" : fmt::format(" of '{}'", output.name),
             output.loss,
             output.loss_weight == 1 ? "" : fmt::format(", weight {}", output.loss_weight),
             list(" Metrics", output.metrics),
             list(" By weights", output.weighted_metrics));
}

Json as_json(const Model& model) {
  const ModelDescription description = describe(model);
  Json json = {{"name", model.name()}, {"layers", Json::array()}};
  for (const LayerInfo& layer : model.layers()) {
    json["layers"].push_back({{"name", layer.name},
                              {"class", layer.class_name},
                              {"output_shape", shape_json(layer.output_shape)},
                              {"params", layer.params}});
  }
  json["total_params"] = description.params;
  json["trainable_params"] = description.trainable_params;
  json["optimizer"] = nullptr;
  if (description.optimizer) {
    const std::vector<double>& rates = description.learning_rates;
    json["optimizer"] = {{"class", *description.optimizer},
                         {"learning_rate", rates.size() == 1 ? Json(rates[0]) : Json(rates)},
                         {"updates", description.updates}};
    json["outputs"] = outputs_json(description.outputs);
  }
  json["training"] = nullptr;
  if (description.epochs_done) {
    json["training"] = {{"epochs_done", *description.epochs_done},
                        {"batches_done", description.batches_done}};
  }
  json["warnings"] = description.warnings;
  json["notes"] = model.notes();
  return json;
}

void print_text(const Model& model) {
  const ModelDescription description = describe(model);
  fmt::print("{}\n", model.summary());
  if (description.optimizer) {
    fmt::print("Optimizer: {}, learning_rate {:.6g}, {} updates done\n",
               *description.optimizer,
               fmt::join(description.learning_rates, ", "),
               description.updates);
    for (const OutputDescription& output : description.outputs) {
      print_output(output, description.outputs.size() == 1);
    }
  } else {
    fmt::print("Not compiled: it predicts, but cannot be trained on.\n");
  }
  if (description.epochs_done) {
    fmt::print("Training state: {} epochs and {} batches done; it can be resumed exactly.\n",
               *description.epochs_done,
               description.batches_done);
  }
  for (const std::string& warning : description.warnings) {
    fmt::print("Warning: {}\n", warning);
  }
  fmt::print("{}", model.notes().empty() ? "" : "What it was trained on:\n");
  for (const auto& [key, value] : model.notes()) {
    fmt::print("  {}: {}\n", key, value);
  }
}

}  // namespace

void add_inspect(CLI::App& app) {
  CLI::App* command = add_command(
      app, "inspect", "Layers, shapes, parameters, optimizer, training state.", kInspectExamples);
  const auto path = std::make_shared<std::string>();
  const auto is_json = std::make_shared<bool>(false);
  command->add_option("MODEL", *path, "A .keras file")->required();
  command->add_flag("--json", *is_json, "One JSON object, for programs");
  command->callback([path, is_json] {
    const Model model = load_model(*path);
    if (*is_json) {
      fmt::print("{}\n", as_json(model).dump(2));
    } else {
      print_text(model);
    }
  });
}

}  // namespace engram::cli
