// SPDX-License-Identifier: Apache-2.0
/// Metrics that are the mean of a loss, with the loss's default options.
#include "parts/metric_spec.hpp"

namespace engram {

namespace {

template <class Loss>
void add(const LossRows& rows, double* sums) {
  static const Loss options{};
  sums[0] += spec_of(options).evaluate(&options, rows);
}

/// Keras's loss is less the cosine, its metric the cosine.
double less_mean(std::span<const double> sums, double weight) { return -mean_of(sums[0], weight); }

/// The loss's names, but for those that Keras calls otherwise.
template <class Loss>
MetricSpec make_spec() {
  const LossSpec& loss = spec_of(Loss{});
  return {.class_name = loss.class_name,
          .name = loss.name,
          .other_names = loss.other_names,
          .has_class_targets = loss.has_class_targets,
          .add = add<Loss>,
          .result = mean_result};
}

template <class Loss>
MetricSpec make_entropy_spec() {
  MetricSpec spec = make_spec<Loss>();
  spec.options = {{"from_logits", false}, {"label_smoothing", 0.0}, {"axis", std::int64_t{-1}}};
  return spec;
}

}  // namespace

const MetricSpec& mean_absolute_percentage_error_metric_spec() {
  static const MetricSpec spec = make_spec<MeanAbsolutePercentageError>();
  return spec;
}

const MetricSpec& mean_squared_logarithmic_error_metric_spec() {
  static const MetricSpec spec = make_spec<MeanSquaredLogarithmicError>();
  return spec;
}

const MetricSpec& kl_divergence_metric_spec() {
  static const MetricSpec spec = make_spec<KLDivergence>();
  return spec;
}

const MetricSpec& poisson_metric_spec() {
  static const MetricSpec spec = make_spec<Poisson>();
  return spec;
}

const MetricSpec& hinge_metric_spec() {
  static const MetricSpec spec = make_spec<Hinge>();
  return spec;
}

const MetricSpec& squared_hinge_metric_spec() {
  static const MetricSpec spec = make_spec<SquaredHinge>();
  return spec;
}

const MetricSpec& categorical_hinge_metric_spec() {
  static const MetricSpec spec = make_spec<CategoricalHinge>();
  return spec;
}

const MetricSpec& binary_crossentropy_metric_spec() {
  static const MetricSpec spec = make_entropy_spec<BinaryCrossentropy>();
  return spec;
}

const MetricSpec& categorical_crossentropy_metric_spec() {
  static const MetricSpec spec = make_entropy_spec<CategoricalCrossentropy>();
  return spec;
}

const MetricSpec& sparse_categorical_crossentropy_metric_spec() {
  static const MetricSpec spec = [] {
    MetricSpec made = make_spec<SparseCategoricalCrossentropy>();
    made.options = {{"from_logits", false}, {"ignore_class", {}}, {"axis", std::int64_t{-1}}};
    return made;
  }();
  return spec;
}

const MetricSpec& cosine_similarity_metric_spec() {
  static const MetricSpec spec = [] {
    MetricSpec made = make_spec<CosineSimilarity>();
    made.result = less_mean;
    made.is_higher_better = true;
    return made;
  }();
  return spec;
}

const MetricSpec& log_cosh_error_spec() {
  static const MetricSpec spec = {.class_name = "LogCoshError",
                                  .name = "log_cosh_error",
                                  .other_names = {"logcosh"},
                                  .add = add<LogCosh>,
                                  .result = mean_result};
  return spec;
}

}  // namespace engram
