// SPDX-License-Identifier: Apache-2.0
#include "engram/metrics.hpp"

#include "base/error.hpp"
#include "parts/foreign.hpp"
#include "parts/metric_spec.hpp"
#include "parts/names.hpp"

namespace engram {

const MetricSpec* find_metric(std::string_view name) { return find_by_name(metrics(), name); }

std::vector<std::string_view> metric_names() { return names_of(metrics()); }

bool has_class_targets(const Metric& metric) {
  const MetricSpec& spec = metric.spec();
  return spec.takes_classes == nullptr ? spec.has_class_targets
                                       : spec.takes_classes(metric.options());
}

std::vector<Metric> judged_metrics(const std::vector<Metric>& metrics) {
  std::vector<Metric> judged = metrics;
  std::erase_if(judged, [](const Metric& metric) { return foreign_of(metric) != nullptr; });
  return judged;
}

std::vector<double> values_of(const Metric& metric, std::span<const double> sums, double weight) {
  const MetricSpec& spec = metric.spec();
  return spec.results != nullptr ? spec.results(metric.options(), sums)
                                 : std::vector<double>{spec.result(metric.options(), sums, weight)};
}

void check_metric(const Metric& metric) {
  const MetricSpec& spec = metric.spec();
  check_options(spec.access, metric.options(), spec.class_name);
  if (spec.check != nullptr) {
    spec.check(metric.options());
  }
}

namespace {

const MetricSpec& metric_called(std::string_view name) {
  const MetricSpec* spec = find_metric(name);
  if (spec == nullptr) {
    throw error<OptionError>(unknown_name("Metric", "metric", name, metric_names()));
  }
  return *spec;
}

}  // namespace

// Keras shows a metric under the very name that it was asked for by.
Metric::Metric(std::string_view name)
    : Metric(Choice(metric_called(name), metric_called(name).access.create()), std::string(name)) {}

Metric::Metric(const Loss& loss)
    : Metric(Choice(metric_called(loss.spec().class_name), loss.spec().access.copy(loss.options())),
             "") {}

Metric::Metric(Choice<MetricSpec> choice, std::string name)
    : Choice(std::move(choice)), name_(name.empty() ? std::string(spec().name) : std::move(name)) {}

}  // namespace engram
