// SPDX-License-Identifier: Apache-2.0
/// Shows training as Keras does: a bar that is redrawn on a terminal, else one line an epoch.
///
/// Example: ProgressBar bar({.epochs = 50, .steps = 33, .is_terminal = true, .sink = sink});
///          bar.begin_epoch(0);  bar.update(1, logs);  ...  bar.end_epoch(logs);
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engram/model.hpp"

namespace engram {

struct ProgressOptions {
  int verbose = 1;  ///< 1 a bar (a line when not on a terminal), 2 a line an epoch
  std::int64_t epochs = 1;
  std::int64_t steps = 1;  ///< batches of an epoch
  bool is_terminal = false;
  ProgressSink sink = {};
  std::function<double()> clock = {};  ///< seconds; default: the steady clock
};

/// Source: what Keras 3.15's Progbar prints, width 20, to the byte on a terminal.
class ProgressBar {
 public:
  explicit ProgressBar(ProgressOptions options);

  void begin_epoch(std::int64_t epoch);

  /// `step` batches are done; `logs` in the order shown. Draws at most every 50 ms.
  void update(std::int64_t step, const Logs& logs);

  /// Shows the final figures and ends the line.
  void end_epoch(const Logs& logs);

 private:
  bool is_bar() const { return o_.verbose == 1 && o_.is_terminal; }

  double seconds_a_step(std::int64_t step, double now) const;
  std::string bar(std::int64_t step) const;
  void draw(std::int64_t step, const std::string& info, bool is_final);

  ProgressOptions o_;
  double start_ = 0, first_step_end_ = 0, last_draw_ = 0;
  std::int64_t first_step_ = 0;
  std::size_t drawn_width_ = 0;
};

}  // namespace engram
