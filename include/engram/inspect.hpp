// SPDX-License-Identifier: Apache-2.0
/// What a model holds beside its layers, as plain values and text.
///
/// Example: if (auto training = describe(model).optimizer) { puts(training->c_str()); }
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engram/model.hpp"

namespace engram {

/// What an output of a model is judged by.
struct OutputDescription {
  std::string name;  ///< "price", of the layer that makes it
  std::string loss;  ///< "mean_squared_error"
  float loss_weight = 1;
  std::vector<std::string> metrics, weighted_metrics;
};

struct ModelDescription {
  std::optional<std::string> optimizer;     ///< "Adam"; these four are empty before compile
  std::vector<OutputDescription> outputs;   ///< in the model's order
  std::vector<double> learning_rates;       ///< one, or of all that a MultiOptimizer has
  std::int64_t updates = 0;                 ///< of the weights, since compile
  std::optional<std::int64_t> epochs_done;  ///< of the training that can be resumed, if any
  std::int64_t batches_done = 0;            ///< of the epoch that it stopped in
  std::int64_t params = 0, trainable_params = 0;
  /// What the file names and Keras does not have, and what cannot be done for it.
  std::vector<std::string> warnings;
};

ModelDescription describe(const Model& model);

}  // namespace engram
