// SPDX-License-Identifier: Apache-2.0
#include "engram/metrics.hpp"

#include "base/error.hpp"
#include "parts/metric_spec.hpp"
#include "parts/names.hpp"

namespace engram {

const MetricSpec* find_metric(std::string_view name) { return find_by_name(metrics(), name); }

std::vector<std::string_view> metric_names() { return names_of(metrics()); }

// Keras shows a metric under the very name that it was asked for by.
Metric::Metric(std::string_view name) : spec_(find_metric(name)), name_(name) {
  if (spec_ == nullptr) {
    throw error<OptionError>(unknown_name("Metric", "metric", name, metric_names()));
  }
}

}  // namespace engram
