// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "parts/losses/class_targets.hpp"
#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"

namespace engram {

namespace {

void visit_options(Circle& o, OptionVisitor& v) {
  visit_loss_options(v, "circle", o.reduction);
  v.option("gamma", o.gamma, any());
  v.option("margin", o.margin, any());
  v.option("remove_diagonal", o.remove_diagonal);
}

/// What a pair of rows adds to an exponential sum, and its derivative by the distance.
struct Pull {
  double value = 0, derivative = 0;
};

/// -gamma max(margin + d, 0) (margin - d): grows with the distance of a match.
Pull of_match(const Circle& o, double d) {
  const double margin = o.margin, weight = margin + d;
  return weight > 0 ? Pull{.value = -o.gamma * weight * (margin - d),
                           .derivative = -o.gamma * ((margin - d) - weight)}
                    : Pull{};
}

/// gamma max(1 + margin - d, 0) (1 - margin - d): grows with the nearness of another class.
Pull of_other(const Circle& o, double d) {
  const double margin = o.margin, weight = 1 + margin - d;
  return weight > 0 ? Pull{.value = o.gamma * weight * (1 - margin - d),
                           .derivative = o.gamma * (-(1 - margin - d) - weight)}
                    : Pull{};
}

/// The logarithm of a sum of exponentials, minus infinity of none.
struct LogSum {
  double max = -std::numeric_limits<double>::infinity(), sum = 0;

  void add(double value) {
    const double larger = std::max(max, value);
    sum = (sum > 0 ? sum * std::exp(max - larger) : 0) + std::exp(value - larger);
    max = larger;
  }

  double value() const { return sum > 0 ? max + std::log(sum) : max; }
};

class Rows {
 public:
  Rows(const Circle& o, const LossRows& rows) : o_(o), rows_(rows) {}

  /// log(1 + exp(p + n)) for the exponential sums of a row's matches and of the others; adds
  /// `factor` times the derivative to `gradient` (rows, outputs).
  double loss_of(std::int64_t row, double factor, std::vector<double>& gradient) const {
    LogSum matches, others;
    each_pair(row, [&](std::int64_t, double, const Pull& pull, bool is_match) {
      (is_match ? matches : others).add(pull.value);
    });
    const double sum = matches.value() + others.value();
    if (!gradient.empty() && std::isfinite(sum)) {
      const double slope = factor / (1 + std::exp(-sum));
      each_pair(row, [&](std::int64_t other, double d, const Pull& pull, bool is_match) {
        const double share = std::exp(pull.value - (is_match ? matches : others).value());
        if (d > 0) {
          add_gradient(row, other, -slope * share * pull.derivative, gradient);
        }
      });
    }
    return std::max(sum, 0.0) + std::log1p(std::exp(-std::abs(sum)));
  }

 private:
  /// Calls see(other, distance, pull, is_match) for the rows that `row` is compared with.
  template <class See>
  void each_pair(std::int64_t row, const See& see) const {
    for (std::int64_t other = 0; other < rows_.rows; ++other) {
      const bool is_match = rows_.target[row] == rows_.target[other];
      if (is_match && row == other && o_.remove_diagonal) {
        continue;
      }
      double cosine = 0;
      for (std::int64_t k = 0; k < rows_.outputs; ++k) {
        cosine += static_cast<double>(rows_.predicted[row * rows_.outputs + k]) *
                  rows_.predicted[other * rows_.outputs + k];
      }
      const double d = std::max(1 - cosine, 0.0);
      see(other, d, is_match ? of_match(o_, d) : of_other(o_, d), is_match);
    }
  }

  void add_gradient(std::int64_t row,
                    std::int64_t other,
                    double of_cosine,
                    std::vector<double>& gradient) const {
    const std::int64_t n = rows_.outputs;
    for (std::int64_t k = 0; k < n; ++k) {
      gradient[static_cast<std::size_t>(row * n + k)] += of_cosine * rows_.predicted[other * n + k];
      gradient[static_cast<std::size_t>(other * n + k)] += of_cosine * rows_.predicted[row * n + k];
    }
  }

  const Circle& o_;
  const LossRows& rows_;
};

double evaluate_circle(const void* options, const LossRows& rows) {
  const Rows all(options_as<Circle>(options), rows);
  std::vector<double> gradient(
      rows.gradient == nullptr ? 0 : static_cast<std::size_t>(rows.rows * rows.outputs));
  double sum = 0;
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    const double weight = rows.weight == nullptr ? 1 : rows.weight[row];
    const double loss = all.loss_of(row, rows.scale * weight, gradient);
    sum += weight * loss;
    if (!(loss > 0) && rows.left_out != nullptr) {  // Keras masks such rows
      rows.left_out->rows += 1;
      rows.left_out->weight += weight;
    }
  }
  std::ranges::transform(
      gradient, rows.gradient, [](double value) { return static_cast<float>(value); });
  return sum;
}

}  // namespace

const LossSpec& circle_spec() {
  static const LossSpec spec = {.class_name = "Circle",
                                .name = "circle",
                                .access = options_access<Circle, visit_options>(),
                                .reduction = reduction_option<Circle>,
                                .has_class_targets = true,
                                .uses_logits = never_uses_logits,
                                .scope = [](const void*) { return LossScope::rows_together; },
                                .leaves_rows_out = [](const void*) { return true; },
                                .evaluate = evaluate_circle};
  return spec;
}

const LossSpec& spec_of(const Circle&) { return circle_spec(); }

}  // namespace engram
