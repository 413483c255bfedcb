// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"
#include "parts/losses/row_loss.hpp"

namespace engram {

namespace {

void visit_options(CosineSimilarity& o, OptionVisitor& v) {
  visit_loss_options(v, "cosine_similarity", o.reduction);
}

/// -sum p t / (|p| |t|), norms at least 1e-7; derivative: -(t / |t| + loss p / |p|) / |p|.
double similarity_of_row(const OneRow& r) {
  double product = 0, squares = 0, target_squares = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    product += static_cast<double>(r.values[i]) * r.target[i];
    squares += static_cast<double>(r.values[i]) * r.values[i];
    target_squares += static_cast<double>(r.target[i]) * r.target[i];
  }
  const double norm = std::max(std::sqrt(squares), 1e-7);
  const double target_norm = std::max(std::sqrt(target_squares), 1e-7);
  const double loss = -product / (norm * target_norm);
  const bool is_limited = std::sqrt(squares) < 1e-7;
  for (std::int64_t i = 0; i < r.n && r.gradient != nullptr; ++i) {
    const double along = is_limited ? 0 : loss * r.values[i] / norm;
    r.gradient[i] = static_cast<float>(-r.factor * (r.target[i] / target_norm + along) / norm);
  }
  return loss;
}

double evaluate_cosine_similarity(const void*, const LossRows& rows) {
  return evaluate_rows(rows, rows.predicted, similarity_of_row);
}

}  // namespace

const LossSpec& cosine_similarity_spec() {
  static const LossSpec spec = {.class_name = "CosineSimilarity",
                                .name = "cosine_similarity",
                                .access = options_access<CosineSimilarity, visit_options>(),
                                .reduction = reduction_option<CosineSimilarity>,
                                .uses_logits = never_uses_logits,
                                .evaluate = evaluate_cosine_similarity};
  return spec;
}

const LossSpec& spec_of(const CosineSimilarity&) { return cosine_similarity_spec(); }

}  // namespace engram
