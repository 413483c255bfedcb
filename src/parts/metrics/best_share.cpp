// SPDX-License-Identifier: Apache-2.0
/// The best of one share of the counts over the thresholds at which another is large enough.
#include <algorithm>

#include "parts/metrics/yes_or_no.hpp"

namespace engram {

namespace {

float precision_share(const Counts& c) { return share(c.true_positives, c.false_positives); }

float recall_share(const Counts& c) { return share(c.true_positives, c.false_negatives); }

float specificity(const Counts& c) { return share(c.true_negatives, c.false_positives); }

template <class Options>
YesOrNo best_share_rules(const void* options) {
  const auto& o = options_as<Options>(options);
  YesOrNo made = YesOrNo::even(o.num_thresholds);
  made.class_id = o.class_id;
  return made;
}

/// Keras's order of the config: class_id is the base's.
template <class Options, auto kLeast>
void visit(Options& o, OptionVisitor& v, std::string_view name) {
  v.option("class_id", o.class_id, at_least(0));
  v.option("num_thresholds", o.num_thresholds, in_range(1, 1e6));
  v.option(name, o.*kLeast, in_range(0, 1));
}

void visit_options(PrecisionAtRecall& o, OptionVisitor& v) {
  visit<PrecisionAtRecall, &PrecisionAtRecall::recall>(o, v, "recall");
}

void visit_options(RecallAtPrecision& o, OptionVisitor& v) {
  visit<RecallAtPrecision, &RecallAtPrecision::precision>(o, v, "precision");
}

void visit_options(SensitivityAtSpecificity& o, OptionVisitor& v) {
  visit<SensitivityAtSpecificity, &SensitivityAtSpecificity::specificity>(o, v, "specificity");
}

void visit_options(SpecificityAtSensitivity& o, OptionVisitor& v) {
  visit<SpecificityAtSensitivity, &SpecificityAtSensitivity::sensitivity>(o, v, "sensitivity");
}

template <class Options, auto kLeast, auto kConstrained, auto kBest>
MetricSpec make_best_share_spec(std::string_view class_name, std::string_view name) {
  return {.class_name = class_name,
          .name = name,
          .access = options_access<Options, visit_options>(),
          .count = [](const void* o,
                      std::int64_t outputs) { return best_share_rules<Options>(o).sums(outputs); },
          .uses_mask = false,
          .add = [](const void* o,
                    const LossRows& rows,
                    double* sums) { best_share_rules<Options>(o).add(rows, sums); },
          .result =
              [](const void* o, std::span<const double> sums, double) {
                float best = 0;
                for (const Counts& counts : counts_of(best_share_rules<Options>(o), sums)) {
                  const bool is_enough = kConstrained(counts) >= options_as<Options>(o).*kLeast;
                  best = is_enough ? std::max(best, kBest(counts)) : best;
                }
                return static_cast<double>(best);
              },
          .is_higher_better = true};
}

}  // namespace

const MetricSpec& precision_at_recall_spec() {
  static const MetricSpec spec =
      make_best_share_spec<PrecisionAtRecall,
                           &PrecisionAtRecall::recall,
                           recall_share,
                           precision_share>("PrecisionAtRecall", "precision_at_recall");
  return spec;
}

const MetricSpec& recall_at_precision_spec() {
  static const MetricSpec spec =
      make_best_share_spec<RecallAtPrecision,
                           &RecallAtPrecision::precision,
                           precision_share,
                           recall_share>("RecallAtPrecision", "recall_at_precision");
  return spec;
}

const MetricSpec& sensitivity_at_specificity_spec() {
  static const MetricSpec spec =
      make_best_share_spec<SensitivityAtSpecificity,
                           &SensitivityAtSpecificity::specificity,
                           specificity,
                           recall_share>("SensitivityAtSpecificity", "sensitivity_at_specificity");
  return spec;
}

const MetricSpec& specificity_at_sensitivity_spec() {
  static const MetricSpec spec =
      make_best_share_spec<SpecificityAtSensitivity,
                           &SpecificityAtSensitivity::sensitivity,
                           recall_share,
                           specificity>("SpecificityAtSensitivity", "specificity_at_sensitivity");
  return spec;
}

const MetricSpec& spec_of(const PrecisionAtRecall&) { return precision_at_recall_spec(); }

const MetricSpec& spec_of(const RecallAtPrecision&) { return recall_at_precision_spec(); }

const MetricSpec& spec_of(const SensitivityAtSpecificity&) {
  return sensitivity_at_specificity_spec();
}

const MetricSpec& spec_of(const SpecificityAtSensitivity&) {
  return specificity_at_sensitivity_spec();
}

}  // namespace engram
