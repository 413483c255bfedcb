// SPDX-License-Identifier: Apache-2.0
#include "parts/losses/cross_entropy.hpp"
#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"

namespace engram {

namespace {

void visit_options(BinaryCrossentropy& o, OptionVisitor& v) {
  visit_loss_options(v, "binary_crossentropy", o.reduction);
  v.option("from_logits", o.from_logits);
  v.option("label_smoothing", o.label_smoothing, in_range(0, 1));
  v.fixed("axis", std::int64_t{-1});
}

double evaluate_binary_crossentropy(const void* options, const LossRows& rows) {
  const float* logits = logits_of<BinaryCrossentropy>(options, rows);
  const double smoothing = options_as<BinaryCrossentropy>(options).label_smoothing;
  const auto smooth = [smoothing](double t) { return t * (1 - smoothing) + 0.5 * smoothing; };
  if (logits != nullptr) {
    return evaluate_points(
        rows, logits, [&](double z, double t) { return entropy_of_logit(z, smooth(t)); });
  }
  return evaluate_points(rows, rows.predicted, [&](double p, double t) {
    return entropy_of_probability(p, smooth(t));
  });
}

}  // namespace

const LossSpec& binary_crossentropy_spec() {
  static const LossSpec spec = {.class_name = "BinaryCrossentropy",
                                .name = "binary_crossentropy",
                                .other_names = {"bce", "BCE"},
                                .access = options_access<BinaryCrossentropy, visit_options>(),
                                .reduction = reduction_option<BinaryCrossentropy>,
                                .uses_logits = uses_kept_logits,
                                .evaluate = evaluate_binary_crossentropy};
  return spec;
}

const LossSpec& spec_of(const BinaryCrossentropy&) { return binary_crossentropy_spec(); }

}  // namespace engram
