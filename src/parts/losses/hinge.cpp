// SPDX-License-Identifier: Apache-2.0
/// Hinge, SquaredHinge and CategoricalHinge.
#include <algorithm>

#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"
#include "parts/losses/row_loss.hpp"

namespace engram {

namespace {

void visit_options(Hinge& o, OptionVisitor& v) { visit_loss_options(v, "hinge", o.reduction); }

void visit_options(SquaredHinge& o, OptionVisitor& v) {
  visit_loss_options(v, "squared_hinge", o.reduction);
}

void visit_options(CategoricalHinge& o, OptionVisitor& v) {
  visit_loss_options(v, "categorical_hinge", o.reduction);
}

/// Calls point(p, t) with targets of -1 and 1: targets that are all 0 or 1 stand for these.
template <class Point>
double evaluate_signs(const LossRows& rows, const Point& point) {
  const float* end = rows.target + rows.rows * rows.outputs;
  const bool is_binary = std::all_of(rows.target, end, [](float t) { return t == 0 || t == 1; });
  return evaluate_points(rows, rows.predicted, [&](double p, double t) {
    return point(p, is_binary ? 2 * t - 1 : t);
  });
}

double hinge(const void*, const LossRows& rows) {
  return evaluate_signs(rows, [](double p, double t) {
    const double short_by = 1 - t * p;
    return PointLoss{.loss = std::max(short_by, 0.0), .derivative = short_by > 0 ? -t : 0};
  });
}

double squared_hinge(const void*, const LossRows& rows) {
  return evaluate_signs(rows, [](double p, double t) {
    const double short_by = std::max(1 - t * p, 0.0);
    return PointLoss{.loss = short_by * short_by, .derivative = -2 * t * short_by};
  });
}

/// max(0, 1 + max (1 - t) p - sum t p); values that are the largest alike share its gradient.
double categorical_hinge_row(const OneRow& r) {
  const auto wrong = [&](std::int64_t i) { return (1 - r.target[i]) * r.values[i]; };
  double right = 0;
  float largest = wrong(0);
  for (std::int64_t i = 0; i < r.n; ++i) {
    right += static_cast<double>(r.target[i]) * r.values[i];
    largest = std::max(largest, wrong(i));
  }
  const double loss = static_cast<double>(largest) - right + 1;
  double alike = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    alike += wrong(i) == largest ? 1 : 0;
  }
  for (std::int64_t i = 0; i < r.n && r.gradient != nullptr; ++i) {
    const double of_wrong = wrong(i) == largest ? (1 - r.target[i]) / alike : 0;
    r.gradient[i] = static_cast<float>(loss > 0 ? r.factor * (of_wrong - r.target[i]) : 0);
  }
  return std::max(loss, 0.0);
}

double categorical_hinge(const void*, const LossRows& rows) {
  return evaluate_rows(rows, rows.predicted, categorical_hinge_row);
}

template <class Options>
LossSpec make_hinge_spec(std::string_view class_name,
                         std::string_view name,
                         double (*evaluate)(const void*, const LossRows&)) {
  return {.class_name = class_name,
          .name = name,
          .access = options_access<Options, visit_options>(),
          .reduction = reduction_option<Options>,
          .uses_logits = never_uses_logits,
          .evaluate = evaluate};
}

}  // namespace

const LossSpec& hinge_spec() {
  static const LossSpec spec = make_hinge_spec<Hinge>("Hinge", "hinge", hinge);
  return spec;
}

const LossSpec& squared_hinge_spec() {
  static const LossSpec spec =
      make_hinge_spec<SquaredHinge>("SquaredHinge", "squared_hinge", squared_hinge);
  return spec;
}

const LossSpec& categorical_hinge_spec() {
  static const LossSpec spec =
      make_hinge_spec<CategoricalHinge>("CategoricalHinge", "categorical_hinge", categorical_hinge);
  return spec;
}

const LossSpec& spec_of(const Hinge&) { return hinge_spec(); }

const LossSpec& spec_of(const SquaredHinge&) { return squared_hinge_spec(); }

const LossSpec& spec_of(const CategoricalHinge&) { return categorical_hinge_spec(); }

}  // namespace engram
