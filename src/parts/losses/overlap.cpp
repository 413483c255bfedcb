// SPDX-License-Identifier: Apache-2.0
/// Dice and Tversky: how far predictions and targets cover each other.
#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"
#include "parts/losses/row_loss.hpp"

namespace engram {

namespace {

/// Keras takes any axes; here they are all, or the last.
const Rule kLastAxis = in_range(-1, -1);

void visit_options(Dice& o, OptionVisitor& v) {
  visit_loss_options(v, "dice", o.reduction);
  v.option("axis", o.axis, kLastAxis);
}

void visit_options(Tversky& o, OptionVisitor& v) {
  visit_loss_options(v, "tversky", o.reduction);
  v.option("alpha", o.alpha, any());
  v.option("beta", o.beta, any());
  v.option("axis", o.axis, kLastAxis);
}

constexpr double kOverlapEpsilon = 1e-7;

/// 1 - weight sum(t p) / (sum(t p) both + sum(t) of_targets + sum(p) of_values + epsilon), which
/// both losses are.
struct Overlap {
  double weight = 1, both = 1, of_targets = 0, of_values = 0;
};

Overlap overlap_of(const Dice&) {
  return {.weight = 2, .both = 0, .of_targets = 1, .of_values = 1};
}

Overlap overlap_of(const Tversky& o) {
  const double alpha = o.alpha, beta = o.beta;
  return {.weight = 1, .both = 1 - alpha - beta, .of_targets = alpha, .of_values = beta};
}

double loss_of(const Overlap& o, const OneRow& r) {
  double both = 0, targets = 0, values = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    both += static_cast<double>(r.target[i]) * r.values[i];
    targets += r.target[i];
    values += r.values[i];
  }
  const double whole =
      both * o.both + targets * o.of_targets + values * o.of_values + kOverlapEpsilon;
  for (std::int64_t i = 0; i < r.n && r.gradient != nullptr; ++i) {
    const double of_whole = r.target[i] * o.both + o.of_values;
    const double slope = o.weight * (r.target[i] * whole - both * of_whole) / (whole * whole);
    r.gradient[i] = static_cast<float>(-r.factor * slope);
  }
  return 1 - o.weight * both / whole;
}

template <class Options>
double evaluate_overlap(const void* options, const LossRows& rows) {
  const auto& o = options_as<Options>(options);
  const Overlap overlap = overlap_of(o);
  const auto loss = [&](const OneRow& row) { return loss_of(overlap, row); };
  if (o.axis) {
    return evaluate_rows(rows, rows.predicted, loss);
  }
  return loss({.n = rows.rows * rows.outputs,
               .values = rows.predicted,
               .target = rows.target,
               .gradient = rows.gradient,
               .factor = rows.scale});
}

template <class Options>
LossScope scope(const void* options) {
  return options_as<Options>(options).axis ? LossScope::row : LossScope::batch;
}

template <class Options>
LossSpec make_overlap_spec(std::string_view class_name, std::string_view name) {
  return {.class_name = class_name,
          .name = name,
          .access = options_access<Options, visit_options>(),
          .reduction = reduction_option<Options>,
          .uses_logits = never_uses_logits,
          .scope = scope<Options>,
          .evaluate = evaluate_overlap<Options>};
}

}  // namespace

const LossSpec& dice_spec() {
  static const LossSpec spec = make_overlap_spec<Dice>("Dice", "dice");
  return spec;
}

const LossSpec& tversky_spec() {
  static const LossSpec spec = make_overlap_spec<Tversky>("Tversky", "tversky");
  return spec;
}

const LossSpec& spec_of(const Dice&) { return dice_spec(); }

const LossSpec& spec_of(const Tversky&) { return tversky_spec(); }

}  // namespace engram
