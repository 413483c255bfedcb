// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "parts/losses/class_targets.hpp"
#include "parts/metric_spec.hpp"

namespace engram {

const MetricSpec& accuracy_spec();
const MetricSpec& binary_accuracy_spec();
const MetricSpec& categorical_accuracy_spec();
const MetricSpec& sparse_categorical_accuracy_spec();

namespace {

/// The sum of weight * share(row), the share of a row's outputs that are right.
template <class Share>
double sum_rows(const LossRows& rows, const Share& share) {
  double sum = 0;
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    sum += (rows.weight == nullptr ? 1.0 : rows.weight[row]) * share(row);
  }
  return sum;
}

void visit_options(BinaryAccuracy& o, OptionVisitor& v) {
  v.option("threshold", o.threshold, any());
}

void visit_options(TopKCategoricalAccuracy& o, OptionVisitor& v) {
  v.option("k", o.k, at_least(1));
}

void visit_options(SparseTopKCategoricalAccuracy& o, OptionVisitor& v) {
  v.option("k", o.k, at_least(1));
}

void binary(const void* options, const LossRows& rows, double* sums) {
  const float threshold = options_as<BinaryAccuracy>(options).threshold;
  sums[0] += sum_rows(rows, [&](std::int64_t row) {
    double right = 0;
    for (std::int64_t i = row * rows.outputs; i < (row + 1) * rows.outputs; ++i) {
      right += rows.target[i] == (rows.predicted[i] > threshold ? 1.0f : 0.0f);
    }
    return right / static_cast<double>(rows.outputs);
  });
}

void categorical(const void*, const LossRows& rows, double* sums) {
  sums[0] += sum_rows(rows, [&](std::int64_t row) {
    const std::int64_t at = row * rows.outputs;
    return largest(rows.predicted + at, rows.outputs) == largest(rows.target + at, rows.outputs)
               ? 1.0
               : 0.0;
  });
}

void sparse(const void*, const LossRows& rows, double* sums) {
  sums[0] += sum_rows(rows, [&](std::int64_t row) {
    const std::int64_t at = row * rows.outputs;
    return static_cast<float>(largest(rows.predicted + at, rows.outputs)) == rows.target[row] ? 1.0
                                                                                              : 0.0;
  });
}

/// The class has less than k values above its own.
template <class LabelOf>
double top_k(std::int64_t k, const LossRows& rows, const LabelOf& label_of) {
  return sum_rows(rows, [&](std::int64_t row) {
    const float* p = rows.predicted + row * rows.outputs;
    const float own = p[label_of(row)];
    return std::count_if(p, p + rows.outputs, [own](float v) { return v > own; }) < k ? 1.0 : 0.0;
  });
}

void top_of_shares(const void* options, const LossRows& rows, double* sums) {
  const std::int64_t k = options_as<TopKCategoricalAccuracy>(options).k;
  sums[0] += top_k(k, rows, [&](std::int64_t row) {
    return largest(rows.target + row * rows.outputs, rows.outputs);
  });
}

void top_of_classes(const void* options, const LossRows& rows, double* sums) {
  const std::int64_t k = options_as<SparseTopKCategoricalAccuracy>(options).k;
  sums[0] += top_k(k, rows, [&](std::int64_t row) {
    return class_of(rows.target[row], rows.outputs, "sparse_top_k_categorical_accuracy");
  });
}

void unresolved(const void*, const LossRows&, double*) {
  throw error<InternalError>(
      {.where = "accuracy", .expected = "resolve_accuracy to be asked first"});
}

}  // namespace

/// Stands for one of the three below until the shapes are known.
const MetricSpec& accuracy_spec() {
  static const MetricSpec spec = {.class_name = "Accuracy",
                                  .name = "accuracy",
                                  .other_names = {"acc"},
                                  .add = unresolved,
                                  .result = mean_result,
                                  .is_higher_better = true};
  return spec;
}

const MetricSpec& binary_accuracy_spec() {
  static const MetricSpec spec = {.class_name = "BinaryAccuracy",
                                  .name = "binary_accuracy",
                                  .access = options_access<BinaryAccuracy, visit_options>(),
                                  .add = binary,
                                  .result = mean_result,
                                  .is_higher_better = true};
  return spec;
}

const MetricSpec& categorical_accuracy_spec() {
  static const MetricSpec spec = {.class_name = "CategoricalAccuracy",
                                  .name = "categorical_accuracy",
                                  .add = categorical,
                                  .result = mean_result,
                                  .is_higher_better = true};
  return spec;
}

const MetricSpec& sparse_categorical_accuracy_spec() {
  static const MetricSpec spec = {.class_name = "SparseCategoricalAccuracy",
                                  .name = "sparse_categorical_accuracy",
                                  .has_class_targets = true,
                                  .add = sparse,
                                  .result = mean_result,
                                  .is_higher_better = true};
  return spec;
}

const MetricSpec& top_k_categorical_accuracy_spec() {
  static const MetricSpec spec = {
      .class_name = "TopKCategoricalAccuracy",
      .name = "top_k_categorical_accuracy",
      .access = options_access<TopKCategoricalAccuracy, visit_options>(),
      .add = top_of_shares,
      .result = mean_result,
      .is_higher_better = true};
  return spec;
}

const MetricSpec& sparse_top_k_categorical_accuracy_spec() {
  static const MetricSpec spec = {
      .class_name = "SparseTopKCategoricalAccuracy",
      .name = "sparse_top_k_categorical_accuracy",
      .access = options_access<SparseTopKCategoricalAccuracy, visit_options>(),
      .has_class_targets = true,
      .add = top_of_classes,
      .result = mean_result,
      .is_higher_better = true};
  return spec;
}

const MetricSpec& spec_of(const BinaryAccuracy&) { return binary_accuracy_spec(); }

const MetricSpec& spec_of(const TopKCategoricalAccuracy&) {
  return top_k_categorical_accuracy_spec();
}

const MetricSpec& spec_of(const SparseTopKCategoricalAccuracy&) {
  return sparse_top_k_categorical_accuracy_spec();
}

Metric resolve_accuracy(const Metric& metric, std::int64_t outputs, std::int64_t target_outputs) {
  if (&metric.spec() != &accuracy_spec()) {
    return metric;
  }
  const MetricSpec& spec = outputs == 1          ? binary_accuracy_spec()
                           : target_outputs == 1 ? sparse_categorical_accuracy_spec()
                                                 : categorical_accuracy_spec();
  return {Choice<MetricSpec>(spec, spec.access.create()), metric.name()};
}

}  // namespace engram
