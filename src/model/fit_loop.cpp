// SPDX-License-Identifier: Apache-2.0
#include "model/fit_loop.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/random.hpp"
#include "engine/slices.hpp"
#include "model/judging.hpp"
#include "model/sample_weights.hpp"

namespace engram {

namespace {

Logs sorted(Logs logs) {
  std::stable_sort(
      logs.begin(), logs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return logs;
}

}  // namespace

FitLoop::FitLoop(
    Model& model, ArraySpan x, ArraySpan y, FitOptions& options, const SampleWeights& weights)
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

History FitLoop::run() {
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
    for (const OptimizerInUse& used : compiled.optimizers) {
      take_averages(data_.network, used, compiled.slots, data_.weights.data());
    }
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

/// Sets the callbacks up, and the state to begin from.
void FitLoop::begin() {
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

void FitLoop::resume() {
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
bool FitLoop::run_epoch() {
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
    const Logs val_logs = validate();
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

Logs FitLoop::validate() {
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
  return logs_of(data_, validation_, sums, "val_");
}

bool FitLoop::run_batches(std::int64_t epoch) {
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
void FitLoop::report_batch(std::int64_t batch) {
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

void FitLoop::end_epoch(std::int64_t epoch, const Logs& logs) {
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

std::vector<std::int64_t> FitLoop::epoch_order(std::int64_t epoch) const {
  std::vector<std::int64_t> order =
      options_.shuffle ? shuffled_order(rows(), data_.seed, epoch) : rows_in_order(0, rows());
  if (options_.bucket_batches > 0) {
    return bucketed(order, epoch);
  }
  return order;  // moved: a long series has many rows
}

/// As FitOptions::bucket_batches says; a last batch that is not full stays the last.
std::vector<std::int64_t> FitLoop::bucketed(std::span<const std::int64_t> order,
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

}  // namespace engram
