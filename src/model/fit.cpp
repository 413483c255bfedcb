// SPDX-License-Identifier: Apache-2.0
/// The training loop: epochs, batches, validation, callbacks, and going on where a run stopped.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/random.hpp"
#include "engine/slices.hpp"
#include "engram/model.hpp"
#include "model/batches.hpp"
#include "model/model_data.hpp"
#include "model/progress.hpp"
#include "model/sample_weights.hpp"

namespace engram {

namespace {

Logs sorted(Logs logs) {
  std::stable_sort(
      logs.begin(), logs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return logs;
}

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

/// What make_sample_weights made of fit's two sets of data.
struct SampleWeights {
  std::vector<Tensor> training, validation;
};

class FitLoop {
 public:
  /// `weights` as make_sample_weights gives them, of x and of the validation data.
  FitLoop(Model& model, ArraySpan x, ArraySpan y, FitOptions& options, const SampleWeights& weights)
      : model_(model),
        data_(model.data()),
        x_(x),
        y_(y),
        options_(options),
        judgement_(judgement_of(data_, x, y)),
        validation_(judgement_),
        progress_({.verbose = options.verbose,
                   .epochs = options.epochs,
                   .steps = (x[0].rows() + options.batch_size - 1) / options.batch_size,
                   .is_terminal = options.is_terminal,
                   .sink = options.progress}) {
    set_sample_weights(judgement_, weights.training);
    set_sample_weights(validation_, weights.validation);
  }

  History run() {
    begin();
    while (state().epoch < options_.epochs && !model_.stop_training) {
      if (!run_epoch()) {
        break;
      }
    }
    const bool was_stopped = options_.stop != nullptr && *options_.stop;
    data_.is_interrupted = was_stopped && (state().batch > 0 || state().epoch < options_.epochs);
    if (!data_.is_interrupted && options_.epochs > 0) {
      Compiled& compiled = *data_.compiled;
      take_averages(data_.network, compiled.optimizer, compiled.slots, data_.weights.data());
      touch_weights(data_);
    }
    for (auto it = ordered_.rbegin(); it != ordered_.rend(); ++it) {
      (*it)->on_train_end();  // savers first: others may put former weights back
    }
    data_.training = current_training_state(data_);
    data_.training->states = data_.states;
    return {.epoch = state().epochs_done,
            .history = state().history,
            .is_interrupted = data_.is_interrupted};
  }

 private:
  TrainingState& state() { return *data_.training; }

  std::int64_t rows() const { return x_[0].rows(); }

  bool is_shown() const { return options_.verbose > 0 && options_.progress != nullptr; }

  /// Sets the callbacks up, and the state to begin from.
  void begin() {
    for (const AnyCallback& callback : options_.callbacks) {
      data_.active_callbacks.push_back(&*callback);
      ordered_.push_back(&*callback);
      callback->set_model(model_);
      callback->set_output(options_.progress);
    }
    std::stable_sort(ordered_.begin(), ordered_.end(), [](const auto* a, const auto* b) {
      return a->order() < b->order();
    });
    model_.stop_training = false;
    data_.epochs = options_.epochs;
    if (!options_.resume) {
      data_.training.reset();
    }
    data_.resume_requested = options_.resume;
    // The saver of the whole state comes first here: what it brings back, the others are given.
    for (auto it = ordered_.rbegin(); it != ordered_.rend(); ++it) {
      (*it)->on_train_begin();
    }
    if (data_.resume_requested && data_.training) {
      resume();
    } else {
      data_.training = TrainingState{.epoch = options_.initial_epoch,
                                     .rows = rows(),
                                     .batch_size = options_.batch_size,
                                     .shuffle = options_.shuffle};
    }
  }

  void resume() {
    const TrainingState& s = state();
    if (s.rows != rows() || s.batch_size != options_.batch_size || s.shuffle != options_.shuffle) {
      throw error<OptionError>(
          {.where = "fit: resume",
           .expected = fmt::format("{} rows, batch_size {}, shuffle {}, as the stopped run had",
                                   s.rows,
                                   s.batch_size,
                                   s.shuffle),
           .got = fmt::format("{}, {}, {}", rows(), options_.batch_size, options_.shuffle)});
    }
    if (s.states.size() == data_.states.size()) {
      data_.states = s.states;
    }
    if (s.callbacks.size() == data_.active_callbacks.size()) {
      for (std::size_t i = 0; i < s.callbacks.size(); ++i) {
        data_.active_callbacks[i]->restore(s.callbacks[i]);
      }
    }
  }

  /// False when the epoch was left in the middle.
  bool run_epoch() {
    const std::int64_t epoch = state().epoch;
    if (state().batch == 0) {
      for (Callback* callback : ordered_) {
        callback->on_epoch_begin(epoch);
      }
    }
    if (is_shown()) {
      progress_.begin_epoch(epoch);
    }
    if (!run_batches(epoch)) {
      return false;
    }
    Logs logs = logs_of(data_, judgement_, state().sums, "");
    if (!options_.validation_data.x.empty() && (epoch + 1) % options_.validation_freq == 0) {
      const ValidationData& v = options_.validation_data;
      const std::int64_t size =
          options_.validation_batch_size > 0 ? options_.validation_batch_size : options_.batch_size;
      for (Callback* callback : ordered_) {
        callback->on_test_begin();
      }
      const EpochSums sums = evaluate_rows(data_, validation_, v.x.views(), v.y.views(), size);
      for (Callback* callback : ordered_) {
        callback->on_test_end();
      }
      const Logs val_logs = logs_of(data_, validation_, sums, "val_");
      logs.insert(logs.end(), val_logs.begin(), val_logs.end());
    }
    logs = sorted(std::move(logs));
    for (Callback* callback : ordered_) {
      callback->extend_logs(logs);
    }
    if (is_shown()) {
      progress_.end_epoch(logs);
    }
    end_epoch(epoch, logs);
    return true;
  }

  bool run_batches(std::int64_t epoch) {
    const std::int64_t rows = this->rows();
    const std::vector<std::int64_t> order = epoch_order(epoch);
    const std::int64_t batches = (rows + options_.batch_size - 1) / options_.batch_size;
    while (state().batch < batches) {
      const std::int64_t first = state().batch * options_.batch_size;
      const std::int64_t size = std::min(options_.batch_size, rows - first);
      const auto rest = std::span(order).subspan(static_cast<std::size_t>(first));
      const auto batch_rows = rest.first(static_cast<std::size_t>(size));
      const BatchFigures figures = train_on_rows(data_,
                                                 judgement_,
                                                 x_,
                                                 y_,
                                                 std::min(options_.batch_size, rows),
                                                 batch_rows,
                                                 rest.subspan(batch_rows.size()));
      add_batch(state().sums, judgement_, figures, size);
      const std::int64_t batch = state().batch++;
      report_batch(batch);
      if (state().batch < batches && options_.stop != nullptr && *options_.stop) {
        return false;
      }
      if (model_.stop_training) {
        break;
      }
    }
    return true;
  }

  /// Tells callbacks and the progress bar of a batch, with the epoch's means so far. A letter
  /// program's batch takes microseconds: without listeners no logs are made.
  void report_batch(std::int64_t batch) {
    if (ordered_.empty() && !is_shown()) {
      return;
    }
    const Logs logs = sorted(logs_of(data_, judgement_, state().sums, ""));
    for (Callback* callback : ordered_) {
      callback->on_train_batch_end(batch, logs);
    }
    if (is_shown()) {
      progress_.update(batch + 1, logs);
    }
  }

  void end_epoch(std::int64_t epoch, const Logs& logs) {
    TrainingState& s = state();
    s.epochs_done.push_back(epoch);
    for (const auto& [name, value] : logs) {
      s.history[name].push_back(value);
    }
    s.epoch = epoch + 1;
    s.batch = 0;
    s.sums = {};
    for (Callback* callback : ordered_) {
      callback->on_epoch_end(epoch, logs);
    }
    if (options_.stop != nullptr && *options_.stop) {
      model_.stop_training = true;
    }
  }

  std::vector<std::int64_t> epoch_order(std::int64_t epoch) const {
    std::vector<std::int64_t> order =
        options_.shuffle ? shuffled_order(rows(), data_.seed, epoch) : rows_in_order(0, rows());
    return options_.bucket_batches > 0 ? bucketed(order, epoch) : order;
  }

  /// As FitOptions::bucket_batches says; a last batch that is not full stays the last.
  std::vector<std::int64_t> bucketed(std::span<const std::int64_t> order,
                                     std::int64_t epoch) const {
    const auto size = static_cast<std::size_t>(options_.batch_size);
    const auto most = static_cast<std::size_t>(options_.bucket_batches) * size;
    std::vector<std::int64_t> result;
    while (result.size() < order.size()) {
      const std::size_t first = result.size();
      const std::vector<std::int64_t> bucket =
          longest_first(x_, order.subspan(first, std::min(most, order.size() - first)));
      const auto batches = static_cast<std::int64_t>(bucket.size() / size);
      const std::vector<std::int64_t> turns =
          options_.shuffle ? shuffled_order(batches, data_.seed + first + 1, epoch)
                           : rows_in_order(0, batches);
      for (const std::int64_t turn : turns) {
        const auto begin = bucket.begin() + turn * options_.batch_size;
        result.insert(result.end(), begin, begin + options_.batch_size);
      }
      result.insert(result.end(), bucket.begin() + batches * options_.batch_size, bucket.end());
    }
    return result;
  }

  Model& model_;
  ModelData& data_;
  ArraySpan x_, y_;
  FitOptions& options_;
  Judgement judgement_, validation_;
  ProgressBar progress_;
  std::vector<Callback*> ordered_;
};

/// Ends a fit's hold on its callbacks, however it is left.
struct ForgetCallbacks {
  ModelData& data;

  ~ForgetCallbacks() {
    data.active_callbacks.clear();
    data.resume_requested = false;
  }
};

}  // namespace

namespace {

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

Logs judge_rows(ModelData& data, ArraySpan x, ArraySpan y, const EvaluateOptions& options) {
  if (options.batch_size < 1) {
    throw error<OptionError>({.where = "evaluate",
                              .expected = "batch_size at least 1",
                              .got = std::to_string(options.batch_size)});
  }
  check_inputs(data, x, "evaluate");
  check_targets(data, x, y, "evaluate");
  check_batches(data, x[0].rows(), options.batch_size, "evaluate");
  Judgement judgement = judgement_of(data, x, y);
  const std::vector<RowsView> given = options.sample_weight.views();
  const std::vector<Tensor> made =
      make_sample_weights(data, x, y, {.sample_weight = given}, "evaluate");
  set_sample_weights(judgement, made);
  const EpochSums sums = evaluate_rows(data, judgement, x, y, options.batch_size);
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

Logs Model::evaluate(const RowsView& x, const RowsView& y, EvaluateOptions options) {
  return judge_rows(*data_, ArraySpan(&x, 1), ArraySpan(&y, 1), options);
}

Logs Model::evaluate(const std::vector<Tensor>& x,
                     const std::vector<Tensor>& y,
                     EvaluateOptions options) {
  return judge_rows(*data_, views(x), views(y), options);
}

Logs Model::evaluate(std::span<const RowsView> x,
                     std::span<const RowsView> y,
                     EvaluateOptions options) {
  return judge_rows(*data_, x, y, options);
}

Logs Model::test_on_batch(const RowsView& x, const RowsView& y, Arrays sample_weight) {
  return evaluate(x,
                  y,
                  {.batch_size = std::max<std::int64_t>(1, x.rows()),
                   .sample_weight = std::move(sample_weight)});
}

}  // namespace engram
