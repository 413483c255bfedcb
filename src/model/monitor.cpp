// SPDX-License-Identifier: Apache-2.0
#include "model/monitor.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "parts/metric_spec.hpp"

namespace engram {

namespace {

bool is_higher_better(const MonitorOptions& o) {
  if (o.mode == "min" || o.mode == "max") {
    return o.mode == "max";
  }
  if (o.mode != "auto") {
    throw error<OptionError>(
        {.where = o.where, .expected = "mode auto, min or max", .got = engram::in_quotes(o.mode)});
  }
  std::string plain = o.name.starts_with("val_") ? o.name.substr(4) : o.name;
  plain = plain.substr(0, plain.find('['));  // "f1_score[0]"
  if (plain == "loss") {
    return false;
  }
  const MetricSpec* metric = find_metric(plain);
  if (metric == nullptr) {
    throw error<OptionError>({.where = o.where,
                              .expected = "monitor loss, val_loss or a metric, with mode auto",
                              .got = engram::in_quotes(o.name),
                              .remedy = "Set mode to min or max."});
  }
  return metric->is_higher_better;
}

}  // namespace

Monitor::Monitor(const MonitorOptions& o)
    : best(o.best),
      name_(o.name),
      is_higher_better_(is_higher_better(o)),
      min_delta_(std::abs(o.min_delta)) {
  if (!std::isfinite(o.min_delta)) {
    throw error<OptionError>({.where = o.where,
                              .expected = "a finite min_delta",
                              .got = fmt::format("{}", o.min_delta)});
  }
}

bool Monitor::improves_on(double value, std::optional<double> reference) const {
  if (!reference) {
    return true;
  }
  return is_higher_better_ ? value - min_delta_ > *reference : value + min_delta_ < *reference;
}

std::string Monitor::improved_text(std::int64_t epoch,
                                   double value,
                                   const std::string& path) const {
  return fmt::format("\nEpoch {}: {} improved from {} to {:.5f}, saving model to {}\n",
                     epoch + 1,
                     name_,
                     best ? fmt::format("{:.5f}", *best) : "None",
                     value,
                     path);
}

std::string Monitor::not_improved_text(std::int64_t epoch) const {
  return fmt::format("\nEpoch {}: {} did not improve from {}\n",
                     epoch + 1,
                     name_,
                     best ? fmt::format("{:.5f}", *best) : "None");
}

std::string saving_text(std::int64_t epoch, const std::string& path) {
  return fmt::format("\nEpoch {}: saving model to {}\n", epoch + 1, path);
}

std::string saved_text(std::int64_t epoch, const std::string& path) {
  return fmt::format("\nEpoch {}: finished saving model to {}\n", epoch + 1, path);
}

std::string python_text(double value) {
  const std::string text = fmt::format("{}", value);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

// JSON has no infinities and no NaN: these are kept as a sign (0 for NaN) under another name.
void remember(CallbackMemory& memory, const std::string& name, std::optional<double> value) {
  if (!value) {
    return;
  }
  if (std::isfinite(*value)) {
    memory.numbers[name] = *value;
  } else {
    memory.numbers[name + "_not_finite"] = std::isnan(*value) ? 0 : std::copysign(1, *value);
  }
}

std::optional<double> recall(const CallbackMemory& memory, const std::string& name) {
  if (const auto it = memory.numbers.find(name); it != memory.numbers.end()) {
    return it->second;
  }
  if (const auto it = memory.numbers.find(name + "_not_finite"); it != memory.numbers.end()) {
    return it->second == 0 ? std::numeric_limits<double>::quiet_NaN()
                           : std::copysign(std::numeric_limits<double>::infinity(), it->second);
  }
  return std::nullopt;
}

}  // namespace engram
