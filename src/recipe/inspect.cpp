// SPDX-License-Identifier: Apache-2.0
#include "engram/inspect.hpp"

#include "model/foreign_names.hpp"
#include "model/model_data.hpp"
#include "parts/foreign.hpp"
#include "parts/loss_spec.hpp"
#include "parts/optimizer_spec.hpp"

namespace engram {

ModelDescription describe(const Model& model) {
  ModelDescription description;
  for (const LayerInfo& layer : model.layers()) {
    description.params += layer.params;
    description.trainable_params += layer.trainable_params;
  }
  const ModelData& data = model.data();
  if (data.compiled) {
    const Foreign* loss = foreign_of(data.compiled->loss);
    description.optimizer = class_name_of(data.compiled->optimizer);
    if (data.compiled->loss_scale) {
      description.optimizer = "LossScaleOptimizer with " + *description.optimizer;
    }
    description.loss = loss != nullptr ? loss->name : data.compiled->loss.spec().name;
    for (const Metric& metric : data.compiled->metrics) {
      description.metrics.push_back(metric.name());
    }
    description.learning_rate = data.compiled->learning_rate;
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
