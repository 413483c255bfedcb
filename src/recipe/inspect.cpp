// SPDX-License-Identifier: Apache-2.0
#include "engram/inspect.hpp"

#include "model/foreign_names.hpp"
#include "model/model_data.hpp"
#include "parts/foreign.hpp"
#include "parts/loss_spec.hpp"
#include "parts/optimizer_spec.hpp"

namespace engram {

namespace {

/// "Adam", "LossScaleOptimizer with Adam", "MultiOptimizer with SGD, Adam".
std::string optimizer_text(const Compiled& compiled) {
  std::string text = compiled.loss_scale        ? "LossScaleOptimizer with "
                     : compiled.multi_optimizer ? "MultiOptimizer with "
                                                : "";
  for (const OptimizerInUse& used : compiled.optimizers) {
    text += (&used == compiled.optimizers.data() ? "" : ", ") + class_name_of(used.optimizer);
  }
  return text;
}

std::vector<std::string> names_of(const std::vector<Metric>& metrics) {
  std::vector<std::string> names;
  for (const Metric& metric : metrics) {
    names.push_back(metric.name());
  }
  return names;
}

std::vector<OutputDescription> outputs_of(const ModelData& data) {
  std::vector<OutputDescription> outputs;
  for (std::size_t i = 0; i < data.network.outputs.size(); ++i) {
    const Foreign* loss = foreign_of(data.loss_of(i));
    const std::vector<float>& weights = data.compiled->loss_weights;
    outputs.push_back(
        {.name = data.network.nodes[static_cast<std::size_t>(data.network.outputs[i].node)].name,
         .loss = loss != nullptr ? loss->name : std::string(data.loss_of(i).spec().name),
         .loss_weight = weights.empty() ? 1.0f : weights[i],
         .metrics = names_of(data.metrics_of(i)),
         .weighted_metrics = names_of(data.weighted_metrics_of(i))});
  }
  return outputs;
}

}  // namespace

ModelDescription describe(const Model& model) {
  ModelDescription description;
  for (const LayerInfo& layer : model.layers()) {
    description.params += layer.params;
    description.trainable_params += layer.trainable_params;
  }
  const ModelData& data = model.data();
  if (data.compiled) {
    description.optimizer = optimizer_text(*data.compiled);
    description.outputs = outputs_of(data);
    for (const OptimizerInUse& used : data.compiled->optimizers) {
      description.learning_rates.push_back(used.learning_rate);
    }
    description.updates = data.compiled->iterations;
  }
  description.warnings = warnings_of(data);
  if (data.training) {
    description.epochs_done = data.training->epoch;
    description.batches_done = data.training->batch;
  }
  return description;
}

}  // namespace engram
