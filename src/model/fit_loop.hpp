// SPDX-License-Identifier: Apache-2.0
/// The training loop: epochs, batches, validation, callbacks, and going on where a run stopped.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engram/model.hpp"
#include "model/batches.hpp"
#include "model/progress.hpp"

namespace engram {

/// What make_sample_weights made of fit's two sets of data.
struct SampleWeights {
  std::vector<Tensor> training, validation;
};

class FitLoop {
 public:
  /// `weights` as make_sample_weights gives them, of x and of the validation data.
  FitLoop(
      Model& model, ArraySpan x, ArraySpan y, FitOptions& options, const SampleWeights& weights);

  History run();

 private:
  TrainingState& state() { return *data_.training; }

  std::int64_t rows() const { return x_[0].rows(); }

  bool is_shown() const { return options_.verbose > 0 && options_.progress != nullptr; }

  void begin();
  void resume();
  bool run_epoch();
  Logs validate();
  bool run_batches(std::int64_t epoch);
  void report_batch(std::int64_t batch);
  void end_epoch(std::int64_t epoch, const Logs& logs);
  std::vector<std::int64_t> epoch_order(std::int64_t epoch) const;
  std::vector<std::int64_t> bucketed(std::span<const std::int64_t> order, std::int64_t epoch) const;

  Model& model_;
  ModelData& data_;
  ArraySpan x_, y_;
  FitOptions& options_;
  Judgement judgement_, validation_;
  ProgressBar progress_;
  std::vector<Callback*> ordered_;
};

}  // namespace engram
