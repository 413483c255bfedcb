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

}  // namespace

ModelDescription describe(const Model& model) {
  ModelDescription description;
  for (const LayerInfo& layer : model.layers()) {
    description.params += layer.params;
    description.trainable_params += layer.trainable_params;
  }
  const ModelData& data = model.data();
  if (data.compiled) {
    const Foreign* loss = foreign_of(data.compiled->loss);
    description.optimizer = optimizer_text(*data.compiled);
    description.loss = loss != nullptr ? loss->name : data.compiled->loss.spec().name;
    for (const Metric& metric : data.compiled->metrics) {
      description.metrics.push_back(metric.name());
    }
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
