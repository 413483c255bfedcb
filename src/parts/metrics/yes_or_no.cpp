// SPDX-License-Identifier: Apache-2.0
#include "parts/metrics/yes_or_no.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace engram {

namespace {

/// What Keras puts in place of outputs that are not among the top.
constexpr float kBelowTop = -1e10f;

/// Keras's test of a list for the way that counts buckets.
bool looks_even(const std::vector<float>& thresholds) {
  const std::size_t n = thresholds.size();
  for (std::size_t i = 0; i < n; ++i) {
    const double even = static_cast<double>(i) / static_cast<double>(n - 1);
    if (std::abs(static_cast<double>(thresholds[i]) - even) > 1e-7 + 1e-5 * even) {
      return false;
    }
  }
  return n >= 3;
}

/// The row with all but its k largest values, the first of equals, put out of the way.
void leave_top(std::span<float> row, std::int64_t k) {
  std::vector<std::size_t> order(row.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return row[a] > row[b]; });
  for (std::size_t i = static_cast<std::size_t>(k); i < order.size(); ++i) {
    row[order[i]] = kBelowTop;
  }
}

}  // namespace

YesOrNo YesOrNo::of(const std::vector<float>& given, std::optional<std::int64_t> top_k) {
  YesOrNo how{.thresholds = given, .is_even = looks_even(given), .top_k = top_k};
  if (given.empty()) {
    how.thresholds = {top_k ? kBelowTop : 0.5f};
  }
  return how;
}

YesOrNo YesOrNo::even(std::int64_t n) {
  if (n == 1) {
    return {.thresholds = {0.5f}};
  }
  YesOrNo how{.is_even = true};
  for (std::int64_t i = 0; i < n; ++i) {
    how.thresholds.push_back(
        static_cast<float>(static_cast<double>(i) / static_cast<double>(n - 1)));
  }
  return how;
}

std::int64_t YesOrNo::sums(std::int64_t outputs) const {
  const auto buckets = static_cast<std::int64_t>(thresholds.size()) + 1;
  return 2 * buckets * (is_by_label ? outputs : 1);
}

void YesOrNo::add(const LossRows& rows, double* sums) const {
  const auto buckets = static_cast<std::int64_t>(thresholds.size()) + 1;
  std::vector<float> sorted = thresholds, row(static_cast<std::size_t>(rows.outputs));
  std::ranges::sort(sorted);
  const auto bucket_of = [&](float p) -> std::int64_t {  // the number of thresholds below p
    if (!is_even) {
      return std::ranges::lower_bound(sorted, p) - sorted.begin();
    }
    const float place = std::ceil(std::clamp(p, 0.0f, 1.0f) * static_cast<float>(buckets - 2));
    return std::max(static_cast<std::int64_t>(place), std::int64_t{has_margins ? 1 : 0});
  };
  for (std::int64_t r = 0; r < rows.rows; ++r) {
    const double weight = rows.weight == nullptr ? 1.0 : rows.weight[r];
    const float* target = rows.target + r * rows.outputs;
    std::copy_n(rows.predicted + r * rows.outputs, rows.outputs, row.begin());
    for (float& p : row) {
      p = from_logits ? 1 / (1 + std::exp(-p)) : p;
    }
    if (top_k && *top_k < rows.outputs) {
      leave_top(row, *top_k);
    }
    for (std::int64_t i = class_id.value_or(0); i < (class_id ? *class_id + 1 : rows.outputs);
         ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double own = weight * (label_weights.empty() ? 1.0 : label_weights[at]);
      const std::int64_t first = (is_by_label ? 2 * i : 0) + (target[i] != 0 ? 0 : 1);
      sums[first * buckets + bucket_of(row[at])] += own;
    }
  }
}

std::vector<Counts> counts_of(const YesOrNo& how, std::span<const double> sums) {
  const std::size_t n = how.thresholds.size();
  const std::span<const double> trues = sums.first(n + 1), others = sums.subspan(n + 1, n + 1);
  const double all_true = std::accumulate(trues.begin(), trues.end(), 0.0);
  const double all_other = std::accumulate(others.begin(), others.end(), 0.0);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return how.thresholds[a] < how.thresholds[b]; });
  std::vector<Counts> counts(n);
  double true_above = 0, other_above = 0;
  for (std::size_t i = n; i-- > 0;) {
    true_above += trues[i + 1];
    other_above += others[i + 1];
    counts[order[i]] = {.true_positives = true_above,
                        .false_positives = other_above,
                        .true_negatives = all_other - other_above,
                        .false_negatives = all_true - true_above};
  }
  return counts;
}

}  // namespace engram
