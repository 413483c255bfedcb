// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "parts/losses/loss_options.hpp"
#include "parts/losses/point_loss.hpp"
#include "parts/losses/row_loss.hpp"

namespace engram {

namespace {

void visit_options(KLDivergence& o, OptionVisitor& v) {
  visit_loss_options(v, "kl_divergence", o.reduction);
}

/// sum t log(t / p), both limited to [epsilon, 1].
double divergence_of_row(const OneRow& r) {
  constexpr double kEpsilon = static_cast<double>(1e-7f);
  double sum = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    const double t = std::clamp(static_cast<double>(r.target[i]), kEpsilon, 1.0);
    const double p = std::clamp(static_cast<double>(r.values[i]), kEpsilon, 1.0);
    sum += t * std::log(t / p);
    if (r.gradient != nullptr) {
      r.gradient[i] =
          static_cast<float>(r.values[i] == static_cast<float>(p) ? -r.factor * t / p : 0);
    }
  }
  return sum;
}

double evaluate_kl_divergence(const void*, const LossRows& rows) {
  return evaluate_rows(rows, rows.predicted, divergence_of_row);
}

}  // namespace

const LossSpec& kl_divergence_spec() {
  static const LossSpec spec = {.class_name = "KLDivergence",
                                .name = "kl_divergence",
                                .other_names = {"kld", "KLD"},
                                .access = options_access<KLDivergence, visit_options>(),
                                .reduction = reduction_option<KLDivergence>,
                                .uses_logits = never_uses_logits,
                                .evaluate = evaluate_kl_divergence};
  return spec;
}

const LossSpec& spec_of(const KLDivergence&) { return kl_divergence_spec(); }

}  // namespace engram
