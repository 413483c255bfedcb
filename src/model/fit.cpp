// SPDX-License-Identifier: Apache-2.0
/// What fit and train_on_batch do around the training loop: checks, splits, weights of samples.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "engram/model.hpp"
#include "model/check_data.hpp"
#include "model/fit_loop.hpp"
#include "model/judging.hpp"
#include "model/sample_weights.hpp"

namespace engram {

namespace {

void check_fit_options(const FitOptions& options) {
  const auto check = [](const char* name, double value, const Rule& rule) {
    if (!rule.allows(value)) {
      throw error<OptionError>({.where = "fit",
                                .expected = fmt::format("{} {}", name, rule.text()),
                                .got = fmt::format("{}", value)});
    }
  };
  check("batch_size", static_cast<double>(options.batch_size), at_least(1));
  check("epochs", static_cast<double>(options.epochs), at_least(0));
  check("initial_epoch", static_cast<double>(options.initial_epoch), at_least(0));
  check("validation_batch_size", static_cast<double>(options.validation_batch_size), at_least(0));
  check("bucket_batches", static_cast<double>(options.bucket_batches), at_least(0));
  check("validation_freq", static_cast<double>(options.validation_freq), at_least(1));
  check("validation_split", options.validation_split, in_range_below(0, 1));
}

/// Ends a fit's hold on its callbacks, however it is left.
struct ForgetCallbacks {
  ModelData& data;

  ~ForgetCallbacks() {
    data.active_callbacks.clear();
    data.resume_requested = false;
  }
};

/// The rows [begin, end) of each array.
std::vector<RowsView> rows_of(ArraySpan arrays, std::int64_t begin, std::int64_t end) {
  std::vector<RowsView> parts;
  for (const RowsView& array : arrays) {
    parts.push_back(array.rows(begin, end));
  }
  return parts;
}

/// Errors: ShapeError for weights of another number of rows, before they are split.
void check_weighted_rows(ArraySpan weights, std::int64_t rows) {
  for (const RowsView& array : weights) {
    if (array.rows() != rows) {
      throw error<ShapeError>({.where = "fit: sample_weight",
                               .expected = fmt::format("{} rows, as many as x", rows),
                               .got = to_string(array.shape())});
    }
  }
}

/// Where the last rows begin that validation_split keeps.
std::int64_t split_row(std::int64_t rows, double split) {
  const auto cut = static_cast<std::int64_t>(std::floor(static_cast<double>(rows) * (1.0 - split)));
  if (cut < 1 || cut == rows) {
    throw error<OptionError>({.where = "fit",
                              .expected = "a validation_split that leaves rows on both sides",
                              .got = fmt::format("{} of {}", split, rows)});
  }
  return cut;
}

/// Errors: OptionError, ShapeError for what stateful layers cannot take.
void check_stateful(ModelData& data, std::int64_t rows, const FitOptions& options) {
  if (data.network.carried > 0 && options.shuffle) {
    throw error<OptionError>({.where = "fit",
                              .expected = "shuffle = false for stateful layers",
                              .got = "true",
                              .remedy = "A row's states go on in the same row of the next batch."});
  }
  check_batches(data, rows, options.batch_size, "fit");
  if (!options.validation_data.x.empty()) {
    const std::int64_t size = options.validation_batch_size;
    check_batches(data,
                  options.validation_data.x.views()[0].rows(),
                  size > 0 ? size : options.batch_size,
                  "fit: validation_data");
  }
}

History fit_rows(Model& model, ArraySpan x, ArraySpan y, FitOptions& options) {
  ModelData& data = model.data();
  check_fit_options(options);
  check_inputs(data, x, "fit");
  check_targets(data, x, y, "fit", true);
  ValidationData& validation = options.validation_data;
  std::vector<RowsView> train_x, train_y;
  std::vector<RowsView> weights = options.sample_weight.views();
  if (options.validation_split > 0 && validation.x.empty()) {
    const std::int64_t rows = x[0].rows();
    const std::int64_t cut = split_row(rows, options.validation_split);
    train_x = rows_of(x, 0, cut);
    train_y = rows_of(y, 0, cut);
    check_weighted_rows(weights, rows);
    validation = {.x = rows_of(x, cut, rows),
                  .y = rows_of(y, cut, rows),
                  .sample_weight = rows_of(weights, cut, rows)};
    weights = rows_of(weights, 0, cut);
  }
  if (!validation.x.empty()) {
    check_inputs(data, validation.x.views(), "fit: validation_data");
    check_targets(data, validation.x.views(), validation.y.views(), "fit: validation_data");
  }
  const bool is_split = !train_x.empty();
  const ArraySpan fit_x = is_split ? ArraySpan(train_x) : x,
                  fit_y = is_split ? ArraySpan(train_y) : y;
  check_stateful(data, fit_x[0].rows(), options);
  const ForgetCallbacks forget{data};
  SampleWeights made = {.training = make_sample_weights(
                            data,
                            fit_x,
                            fit_y,
                            {.sample_weight = weights, .class_weight = &options.class_weight},
                            "fit")};
  if (!validation.x.empty()) {
    const std::vector<RowsView> given = validation.sample_weight.views();
    made.validation = make_sample_weights(data,
                                          validation.x.views(),
                                          validation.y.views(),
                                          {.sample_weight = given},
                                          "fit: validation_data");
  }
  return FitLoop(model, fit_x, fit_y, options, made).run();
}

Logs train_once(ModelData& data, ArraySpan x, ArraySpan y, const BatchWeights& weights) {
  check_inputs(data, x, "train_on_batch");
  check_targets(data, x, y, "train_on_batch", true);
  const std::int64_t rows = x[0].rows();
  check_batches(data, rows, rows, "train_on_batch");
  const std::vector<std::int64_t> order = rows_in_order(0, rows);
  Judgement judgement = judgement_of(data, x, y);
  const std::vector<RowsView> given = weights.sample_weight.views();
  const std::vector<Tensor> made =
      make_sample_weights(data,
                          x,
                          y,
                          {.sample_weight = given, .class_weight = &weights.class_weight},
                          "train_on_batch");
  set_sample_weights(judgement, made);
  EpochSums sums;
  add_batch(sums, judgement, train_on_rows(data, judgement, x, y, rows, order), rows);
  return logs_of(data, judgement, sums, "");
}

}  // namespace

History Model::fit(const RowsView& x, const RowsView& y, FitOptions options) {
  return fit_rows(*this, ArraySpan(&x, 1), ArraySpan(&y, 1), options);
}

History Model::fit(const std::vector<Tensor>& x, const std::vector<Tensor>& y, FitOptions options) {
  return fit_rows(*this, views(x), views(y), options);
}

History Model::fit(std::span<const RowsView> x, std::span<const RowsView> y, FitOptions options) {
  return fit_rows(*this, x, y, options);
}

Logs Model::train_on_batch(const RowsView& x, const RowsView& y, const BatchWeights& weights) {
  return train_once(*data_, ArraySpan(&x, 1), ArraySpan(&y, 1), weights);
}

Logs Model::train_on_batch(const std::vector<Tensor>& x,
                           const std::vector<Tensor>& y,
                           const BatchWeights& weights) {
  return train_once(*data_, views(x), views(y), weights);
}

}  // namespace engram
