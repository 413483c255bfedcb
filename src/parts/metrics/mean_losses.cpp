// SPDX-License-Identifier: Apache-2.0
/// Metrics that are the mean of a loss, with the loss's options but for the reduction.
#include <type_traits>

#include "parts/metric_spec.hpp"

namespace engram {

namespace {

template <class Loss>
void add_mean_losses(const void* options, const LossRows& rows, double* sums) {
  sums[0] += spec_of(Loss{}).evaluate(options, rows);
}

/// Passes on what Keras's metrics have too: no name, no reduction, and an axis where they say so.
class MetricOptions final : public LookingVisitor {
 public:
  explicit MetricOptions(OptionVisitor& to) : to_(to) {}

  using LookingVisitor::option;

  void option(std::string_view n, float& v, const Rule& rule) override { to_.option(n, v, rule); }

  void option(std::string_view n, bool& v) override { to_.option(n, v); }

  void option(std::string_view n, std::optional<std::int64_t>& v) override { to_.option(n, v); }

  void ignored(std::string_view, const FixedValue&) override {}

 private:
  OptionVisitor& to_;
};

template <class Loss>
void visit_as_metric(Loss& o, OptionVisitor& v) {
  MetricOptions visitor(v);
  spec_of(o).access.visit(&o, visitor);
  if (std::is_same_v<Loss, CategoricalCrossentropy> ||
      std::is_same_v<Loss, SparseCategoricalCrossentropy>) {
    v.fixed("axis", std::int64_t{-1});
  }
}

std::int64_t two(const void*, std::int64_t) { return 2; }

/// Where rows have weights, those of the class to ignore lose theirs, as in Keras.
void add_others(const void* options, const LossRows& rows, double* sums) {
  LeftOut left_out;
  LossRows own = rows;
  own.left_out = rows.weight != nullptr ? &left_out : nullptr;
  add_mean_losses<SparseCategoricalCrossentropy>(options, own, sums);
  sums[1] += left_out.weight;
}

double mean_of_others(const void*, std::span<const double> sums, double weight) {
  return mean_of(sums[0], weight - sums[1]);
}

/// Keras's loss is less the cosine, its metric the cosine.
double less_mean(const void*, std::span<const double> sums, double weight) {
  return -mean_of(sums[0], weight);
}

/// The loss's names, but for those that Keras calls otherwise.
template <class Loss>
MetricSpec make_mean_losses_spec() {
  const LossSpec& loss = spec_of(Loss{});
  return {.class_name = loss.class_name,
          .name = loss.name,
          .other_names = loss.other_names,
          .access = options_access<Loss, visit_as_metric<Loss>>(),
          .has_class_targets = loss.has_class_targets,
          .add = add_mean_losses<Loss>,
          .result = mean_result};
}

}  // namespace

const MetricSpec& mean_absolute_percentage_error_metric_spec() {
  static const MetricSpec spec = make_mean_losses_spec<MeanAbsolutePercentageError>();
  return spec;
}

const MetricSpec& mean_squared_logarithmic_error_metric_spec() {
  static const MetricSpec spec = make_mean_losses_spec<MeanSquaredLogarithmicError>();
  return spec;
}

const MetricSpec& kl_divergence_metric_spec() {
  static const MetricSpec spec = make_mean_losses_spec<KLDivergence>();
  return spec;
}

const MetricSpec& poisson_metric_spec() {
  static const MetricSpec spec = make_mean_losses_spec<Poisson>();
  return spec;
}

const MetricSpec& hinge_metric_spec() {
  static const MetricSpec spec = make_mean_losses_spec<Hinge>();
  return spec;
}

const MetricSpec& squared_hinge_metric_spec() {
  static const MetricSpec spec = make_mean_losses_spec<SquaredHinge>();
  return spec;
}

const MetricSpec& categorical_hinge_metric_spec() {
  static const MetricSpec spec = make_mean_losses_spec<CategoricalHinge>();
  return spec;
}

const MetricSpec& binary_crossentropy_metric_spec() {
  static const MetricSpec spec = make_mean_losses_spec<BinaryCrossentropy>();
  return spec;
}

const MetricSpec& categorical_crossentropy_metric_spec() {
  static const MetricSpec spec = make_mean_losses_spec<CategoricalCrossentropy>();
  return spec;
}

const MetricSpec& sparse_categorical_crossentropy_metric_spec() {
  static const MetricSpec spec = [] {
    MetricSpec made = make_mean_losses_spec<SparseCategoricalCrossentropy>();
    made.count = two;
    made.add = add_others;
    made.result = mean_of_others;
    return made;
  }();
  return spec;
}

const MetricSpec& cosine_similarity_metric_spec() {
  static const MetricSpec spec = [] {
    MetricSpec made = make_mean_losses_spec<CosineSimilarity>();
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
                                  .access = options_access<LogCosh, visit_as_metric<LogCosh>>(),
                                  .add = add_mean_losses<LogCosh>,
                                  .result = mean_result};
  return spec;
}

}  // namespace engram
