// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "parts/metrics/yes_or_no.hpp"

namespace engram {

namespace {

constexpr std::array<std::string_view, 3> kCurves = {"ROC", "PR", "PRGAIN"};
constexpr std::array<std::string_view, 3> kMethods = {"interpolation", "minoring", "majoring"};

void visit_options(AUC& o, OptionVisitor& v) {
  v.option("num_thresholds", o.num_thresholds, in_range(2, 1e6));
  v.choice("curve", o.curve, kCurves);
  v.choice("summation_method", o.summation_method, kMethods);
  v.option("multi_label", o.multi_label);
  v.option("num_labels", o.num_labels, at_least(1));
  v.numbers("label_weights", o.label_weights);
  v.option("from_logits", o.from_logits);
  v.numbers("thresholds", o.thresholds);
}

/// The thresholds have a margin of 1e-7 below 0 and above 1.
YesOrNo auc_rules(const void* options) {
  const auto& o = options_as<AUC>(options);
  std::vector<float> inner = o.thresholds;
  std::ranges::sort(inner);
  YesOrNo made = YesOrNo::even(o.num_thresholds);
  if (!inner.empty()) {
    inner.insert(inner.begin(), 0.0f);
    inner.push_back(1.0f);
    made = YesOrNo::of(inner, {});
  }
  made.thresholds.front() = -1e-7f;
  made.thresholds.back() = 1 + 1e-7f;
  made.has_margins = true;
  made.is_by_label = o.multi_label;
  made.label_weights = o.multi_label ? std::span<const float>() : std::span(o.label_weights);
  made.from_logits = o.from_logits;
  return made;
}

std::int64_t auc_sums(const void* options, std::int64_t outputs) {
  return auc_rules(options).sums(outputs);
}

void add_auc(const void* options, const LossRows& rows, double* sums) {
  auc_rules(options).add(rows, sums);
}

double ratio(double a, double b) { return b == 0 ? 0.0 : a / b; }

double total(const Counts& c) { return c.true_positives + c.false_positives; }

/// The area below precision over recall between two thresholds, counts in between being straight
/// lines. Source: Davis & Goadrich 2006, in closed form as Keras has it.
double step_of_precision(const Counts& low, const Counts& high) {
  const double gain = low.true_positives - high.true_positives;
  const double slope = ratio(gain, std::max(total(low) - total(high), 0.0));
  const double intercept = high.true_positives - slope * total(high);
  const double log = total(low) > 0 && total(high) > 0 ? std::log(total(low) / total(high)) : 0.0;
  return ratio(slope * (gain + intercept * log),
               std::max(high.true_positives + high.false_negatives, 0.0));
}

struct Point {
  double x = 0, y = 0;
};

Point point_of(const Counts& c, const std::string& curve) {
  const double recall = ratio(c.true_positives, c.true_positives + c.false_negatives);
  if (curve == "ROC") {
    return {.x = ratio(c.false_positives, c.false_positives + c.true_negatives), .y = recall};
  }
  if (curve == "PR") {
    return {.x = recall, .y = ratio(c.true_positives, total(c))};
  }
  const double scale =
      ratio(c.true_positives + c.false_negatives, c.true_negatives + c.false_positives);
  if (c.true_positives == 0) {
    return {.x = 0, .y = 1};
  }
  return {.x = std::max(1 - scale * ratio(c.false_negatives, c.true_positives), 0.0),
          .y = 1 - scale * ratio(c.false_positives, c.true_positives)};
}

double area(const AUC& o, std::span<const Counts> counts) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
    if (o.curve == "PR" && o.summation_method == "interpolation") {
      sum += step_of_precision(counts[i], counts[i + 1]);
      continue;
    }
    const Point low = point_of(counts[i], o.curve), high = point_of(counts[i + 1], o.curve);
    const double height = o.summation_method == "interpolation" ? (low.y + high.y) / 2
                          : o.summation_method == "minoring"    ? std::min(low.y, high.y)
                                                                : std::max(low.y, high.y);
    sum += (low.x - high.x) * height;
  }
  return sum;
}

/// Of several labels the mean, by label_weights.
double auc_result(const void* options, std::span<const double> sums, double) {
  const auto& o = options_as<AUC>(options);
  const YesOrNo made = auc_rules(options);
  const auto own = static_cast<std::size_t>(2 * (made.thresholds.size() + 1));
  double areas = 0, weights = 0;
  for (std::size_t label = 0; label < sums.size() / own; ++label) {
    const double weight =
        o.multi_label && !o.label_weights.empty() ? o.label_weights.at(label) : 1.0;
    areas += weight * area(o, counts_of(made, sums.subspan(label * own, own)));
    weights += weight;
  }
  return ratio(areas, weights);
}

void check_auc(const void* options) {
  const auto& o = options_as<AUC>(options);
  if (o.num_labels && !o.multi_label) {
    throw error<OptionError>({.where = "AUC",
                              .expected = "num_labels with multi_label only",
                              .got = std::to_string(*o.num_labels)});
  }
  for (const float threshold : o.thresholds) {
    if (!(threshold >= 0 && threshold <= 1)) {
      throw error<OptionError>(
          {.where = "AUC", .expected = "thresholds in [0, 1]", .got = std::to_string(threshold)});
    }
  }
}

}  // namespace

const MetricSpec& auc_spec() {
  static const MetricSpec spec = {.class_name = "AUC",
                                  .name = "auc",
                                  .access = options_access<AUC, visit_options>(),
                                  .count = auc_sums,
                                  .uses_mask = false,
                                  .add = add_auc,
                                  .result = auc_result,
                                  .is_higher_better = true,
                                  .check = check_auc};
  return spec;
}

const MetricSpec& spec_of(const AUC&) { return auc_spec(); }

}  // namespace engram
