// SPDX-License-Identifier: Apache-2.0
/// Counts at thresholds, and shares of them. Every output of every row counts by itself.
#include "base/error.hpp"
#include "parts/metrics/yes_or_no.hpp"

namespace engram {

namespace {

/// An option of Keras that holds a number of class or of the largest outputs.
void visit_number(OptionVisitor& v,
                  std::string_view name,
                  std::optional<std::int64_t>& number,
                  double low) {
  v.option(name, number, at_least(low));
}

template <class Options>
void visit_confusion(Options& o, OptionVisitor& v) {
  v.numbers("thresholds", o.thresholds);
  if constexpr (requires { o.top_k; }) {
    visit_number(v, "top_k", o.top_k, 1);
    visit_number(v, "class_id", o.class_id, 0);
  }
}

template <class Options>
YesOrNo confusion_rules(const void* options) {
  const auto& o = options_as<Options>(options);
  if constexpr (requires { o.top_k; }) {
    YesOrNo made = YesOrNo::of(o.thresholds, o.top_k);
    made.class_id = o.class_id;
    return made;
  } else {
    return YesOrNo::of(o.thresholds, {});
  }
}

void check_thresholds(const std::vector<float>& thresholds, std::string_view where) {
  for (const float threshold : thresholds) {
    if (!(threshold >= 0 && threshold <= 1)) {
      throw error<OptionError>({.where = std::string(where),
                                .expected = "thresholds in [0, 1]",
                                .got = std::to_string(threshold)});
    }
  }
}

template <class Options, auto kValue>
MetricSpec make_confusion_spec(std::string_view class_name,
                               std::string_view name,
                               bool is_higher_better) {
  return {.class_name = class_name,
          .name = name,
          .access = options_access<Options, visit_confusion<Options>>(),
          .count = [](const void* o,
                      std::int64_t outputs) { return confusion_rules<Options>(o).sums(outputs); },
          .uses_mask = false,
          .add = [](const void* o,
                    const LossRows& rows,
                    double* sums) { confusion_rules<Options>(o).add(rows, sums); },
          .results =
              [](const void* o, std::span<const double> sums) {
                std::vector<double> values;
                for (const Counts& counts : counts_of(confusion_rules<Options>(o), sums)) {
                  values.push_back(kValue(counts));
                }
                return values;
              },
          .is_higher_better = is_higher_better,
          .check =
              [](const void* o) {
                check_thresholds(options_as<Options>(o).thresholds, spec_of(Options{}).class_name);
              }};
}

double double_share(double part, double rest) {
  return part + rest == 0 ? 0.0 : part / (part + rest);
}

double precision(const Counts& c) { return double_share(c.true_positives, c.false_positives); }

double recall(const Counts& c) { return double_share(c.true_positives, c.false_negatives); }

double true_positives(const Counts& c) { return c.true_positives; }

double true_negatives(const Counts& c) { return c.true_negatives; }

double false_positives(const Counts& c) { return c.false_positives; }

double false_negatives(const Counts& c) { return c.false_negatives; }

}  // namespace

const MetricSpec& precision_spec() {
  static const MetricSpec spec =
      make_confusion_spec<Precision, precision>("Precision", "precision", true);
  return spec;
}

const MetricSpec& recall_spec() {
  static const MetricSpec spec = make_confusion_spec<Recall, recall>("Recall", "recall", true);
  return spec;
}

const MetricSpec& true_positives_spec() {
  static const MetricSpec spec =
      make_confusion_spec<TruePositives, true_positives>("TruePositives", "true_positives", true);
  return spec;
}

const MetricSpec& true_negatives_spec() {
  static const MetricSpec spec =
      make_confusion_spec<TrueNegatives, true_negatives>("TrueNegatives", "true_negatives", true);
  return spec;
}

const MetricSpec& false_positives_spec() {
  static const MetricSpec spec = make_confusion_spec<FalsePositives, false_positives>(
      "FalsePositives", "false_positives", false);
  return spec;
}

const MetricSpec& false_negatives_spec() {
  static const MetricSpec spec = make_confusion_spec<FalseNegatives, false_negatives>(
      "FalseNegatives", "false_negatives", false);
  return spec;
}

const MetricSpec& spec_of(const Precision&) { return precision_spec(); }

const MetricSpec& spec_of(const Recall&) { return recall_spec(); }

const MetricSpec& spec_of(const TruePositives&) { return true_positives_spec(); }

const MetricSpec& spec_of(const TrueNegatives&) { return true_negatives_spec(); }

const MetricSpec& spec_of(const FalsePositives&) { return false_positives_spec(); }

const MetricSpec& spec_of(const FalseNegatives&) { return false_negatives_spec(); }

}  // namespace engram
