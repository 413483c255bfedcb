// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "parts/losses/class_targets.hpp"
#include "parts/losses/cross_entropy.hpp"
#include "parts/losses/loss_options.hpp"
#include "parts/losses/row_loss.hpp"

namespace engram {

namespace {

void visit_options(SparseCategoricalCrossentropy& o, OptionVisitor& v) {
  visit_loss_options(v, "sparse_categorical_crossentropy", o.reduction);
  v.option("from_logits", o.from_logits);
  v.option("ignore_class", o.ignore_class);
}

std::int64_t label_of(const OneRow& r) {
  return class_of(*r.target, r.n, "sparse_categorical_crossentropy");
}

/// -log softmax(z)[label]; derivative: softmax(z), less 1 at the label.
double sparse_by_logits(const OneRow& r) {
  const std::int64_t label = label_of(r);
  const SoftmaxRow row = softmax_row(r.values, r.n, r.gradient);
  if (r.gradient != nullptr) {
    const double share = r.factor / row.sum;
    for (std::int64_t i = 0; i < r.n; ++i) {
      r.gradient[i] = static_cast<float>(share * r.gradient[i]);
    }
    const double p = std::exp(r.values[label] - row.max) / row.sum;
    r.gradient[label] = static_cast<float>(r.factor * (p - 1));
  }
  return std::log(row.sum) - (r.values[label] - row.max);
}

/// Keras takes log(clip(p)) for logits: log(sum c) - log(c[label]), c the clipped probabilities.
double sparse_by_probabilities(const OneRow& r) {
  const std::int64_t label = label_of(r);
  double sum = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    sum += clip_probability(r.values[i]);
  }
  const double c = clip_probability(r.values[label]);
  for (std::int64_t i = 0; i < r.n && r.gradient != nullptr; ++i) {
    const double derivative = 1 / sum - (i == label ? 1 / c : 0);
    r.gradient[i] = static_cast<float>(r.factor * clip_derivative(r.values[i]) * derivative);
  }
  return std::log(sum) - std::log(c);
}

/// Keras's ignore_class loses the logits that came with the probabilities.
bool uses_logits(const void* options, LogitsOf from) {
  return !options_as<SparseCategoricalCrossentropy>(options).ignore_class &&
         uses_kept_logits(options, from);
}

bool leaves_rows_out(const void* options) {
  return options_as<SparseCategoricalCrossentropy>(options).ignore_class.has_value();
}

void leave_out(const LossRows& rows, std::int64_t row) {
  if (rows.left_out != nullptr && (rows.mask == nullptr || rows.mask[row] != 0)) {
    rows.left_out->rows += 1;
    rows.left_out->weight += rows.weight == nullptr ? 1 : rows.weight[row];
  }
}

/// `loss` for the rows that are not of the class to ignore.
template <class RowLoss>
double evaluate_others(const LossRows& rows,
                       const float* values,
                       std::optional<std::int64_t> ignored,
                       const RowLoss& loss) {
  return evaluate_rows(rows, values, 1, [&](const OneRow& r) {
    if (!ignored || *r.target != static_cast<float>(*ignored)) {
      return loss(r);
    }
    leave_out(rows, r.target - rows.target);
    if (r.gradient != nullptr) {
      std::fill_n(r.gradient, r.n, 0.0f);
    }
    return 0.0;
  });
}

double evaluate_sparse_categorical_crossentropy(const void* options, const LossRows& rows) {
  const auto ignored = options_as<SparseCategoricalCrossentropy>(options).ignore_class;
  const float* logits = logits_of<SparseCategoricalCrossentropy>(options, rows);
  return logits != nullptr
             ? evaluate_others(rows, logits, ignored, sparse_by_logits)
             : evaluate_others(rows, rows.predicted, ignored, sparse_by_probabilities);
}

}  // namespace

const LossSpec& sparse_categorical_crossentropy_spec() {
  static const LossSpec spec = {
      .class_name = "SparseCategoricalCrossentropy",
      .name = "sparse_categorical_crossentropy",
      .access = options_access<SparseCategoricalCrossentropy, visit_options>(),
      .reduction = reduction_option<SparseCategoricalCrossentropy>,
      .has_class_targets = true,
      .uses_logits = uses_logits,
      .leaves_rows_out = leaves_rows_out,
      .evaluate = evaluate_sparse_categorical_crossentropy};
  return spec;
}

const LossSpec& spec_of(const SparseCategoricalCrossentropy&) {
  return sparse_categorical_crossentropy_spec();
}

}  // namespace engram
