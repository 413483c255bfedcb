// SPDX-License-Identifier: Apache-2.0
/// Metrics, by Keras's names.
///
/// Example: model.compile({.optimizer = "adam", .loss = "mse", .metrics = {"mae"}});
#pragma once

#include <string>
#include <string_view>

namespace engram {

struct MetricSpec;

/// A metric and the name under which logs show it. Names: accuracy (which of the three accuracies
/// follows from the shapes), binary_accuracy, categorical_accuracy, sparse_categorical_accuracy,
/// mse, mae, mean_squared_error, mean_absolute_error, root_mean_squared_error.
class Metric {
 public:
  /// Errors: OptionError for an unknown name.
  Metric(std::string_view name);

  Metric(const char* name) : Metric(std::string_view(name)) {}

  Metric(const MetricSpec& spec, std::string name) : spec_(&spec), name_(std::move(name)) {}

  const MetricSpec& spec() const { return *spec_; }

  const std::string& name() const { return name_; }

 private:
  const MetricSpec* spec_;
  std::string name_;
};

}  // namespace engram
