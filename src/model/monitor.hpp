// SPDX-License-Identifier: Apache-2.0
/// Watches one value of the logs and says whether it improves, as Keras's callbacks do.
///
/// Example: Monitor monitor({.where = "ModelCheckpoint", .name = "val_loss"});
///          if (monitor.improves(value)) { print(monitor.improved_text(...)); monitor.best = value;
///          }
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/callbacks.hpp"

namespace engram {

struct MonitorOptions {
  std::string where;  ///< the callback, for messages
  std::string name;   ///< the watched value, "val_loss"
  std::string mode = "auto";
  double min_delta = 0;
  std::optional<double> best = {};  ///< what the first value must beat
};

class Monitor {
 public:
  /// Errors: OptionError for an unknown mode, for "auto" when `name` is neither a loss nor a known
  /// metric, and for a min_delta that is not a number.
  explicit Monitor(const MonitorOptions& options);

  const std::string& name() const { return name_; }

  /// True when `value` beats `best` by more than min_delta, or there is no best.
  bool improves(double value) const { return improves_on(value, best); }

  bool improves_on(double value, std::optional<double> reference) const;

  /// Keras's texts of a saving callback; `epoch` counts from 0. "improved" is to be taken before
  /// `best` changes.
  std::string improved_text(std::int64_t epoch, double value, const std::string& path) const;
  std::string not_improved_text(std::int64_t epoch) const;

  std::optional<double> best;

 private:
  std::string name_;
  bool is_higher_better_ = false;
  double min_delta_ = 0;
};

std::string saving_text(std::int64_t epoch, const std::string& path);
std::string saved_text(std::int64_t epoch, const std::string& path);

/// As Python's repr: the shortest text that reads back the same, with a point or an exponent.
std::string python_text(double value);

/// Keeps an optional number in a callback's memory so that it comes back exactly, infinities and
/// NaN included; a missing number is not kept.
void remember(CallbackMemory& memory, const std::string& name, std::optional<double> value);
std::optional<double> recall(const CallbackMemory& memory, const std::string& name);

}  // namespace engram
