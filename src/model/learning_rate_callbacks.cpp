// SPDX-License-Identifier: Apache-2.0
/// Callbacks that set the optimizer's learning rate.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "engram/callbacks.hpp"
#include "engram/model.hpp"
#include "model/model_data.hpp"
#include "model/monitor.hpp"

namespace engram {

namespace {

/// The rate in use, which the callbacks of `where` may set.
/// Errors: StateError when a schedule of the optimizer's own sets it, or there are several.
float& rate_of(Model& model, const std::string& where) {
  Compiled& compiled = *model.data().compiled;
  if (compiled.multi_optimizer) {
    throw error<StateError>({.where = where,
                             .expected = "an optimizer with one learning_rate",
                             .got = "a MultiOptimizer",
                             .remedy = "Give its optimizers schedules."});
  }
  OptimizerInUse& used = compiled.optimizers[0];
  if (learning_rate_of(used.optimizer).schedule) {
    throw error<StateError>({.where = where,
                             .expected = "an optimizer with a number for learning_rate",
                             .got = "one with a schedule",
                             .remedy = "Use one or the other."});
  }
  return used.learning_rate;
}

/// What both share: the epoch's logs show the rate that it ended with.
class RateCallback : public Callback {
 public:
  explicit RateCallback(std::string where) : where_(std::move(where)) {}

  void on_train_begin() override { rate(); }

  void extend_logs(Logs& logs) override {
    std::erase_if(logs, [](const auto& entry) { return entry.first == "learning_rate"; });
    logs.emplace_back("learning_rate", rate());
  }

 protected:
  float& rate() { return rate_of(model(), where_); }

  const std::string& where() const { return where_; }

 private:
  std::string where_;
};

class ReduceLROnPlateauCallback final : public RateCallback {
 public:
  explicit ReduceLROnPlateauCallback(const ReduceLROnPlateau& o)
      : RateCallback("ReduceLROnPlateau"),
        o_(o),
        monitor_({.where = where(), .name = o.monitor, .mode = o.mode, .min_delta = o.min_delta}) {}

  // restore() may come before or after this call.
  void on_train_begin() override {
    RateCallback::on_train_begin();
    has_warned_ = false;
    if (!std::exchange(is_restored_, false)) {
      wait_ = cooldown_ = 0;
      monitor_.best.reset();
    }
  }

  void on_epoch_end(std::int64_t epoch, const Logs& logs) override {
    const std::optional<double> value = find(logs, o_.monitor);
    if (!value) {
      warn(logs);
      return;
    }
    if (cooldown_ > 0) {
      --cooldown_;
      wait_ = 0;
    }
    if (monitor_.improves(*value)) {
      monitor_.best = value;
      wait_ = 0;
    } else if (cooldown_ == 0 && ++wait_ >= o_.patience && reduce(epoch)) {
      cooldown_ = o_.cooldown;
      wait_ = 0;
    }
  }

  void on_train_end() override { is_restored_ = false; }

  CallbackMemory memory() const override {
    CallbackMemory memory;
    memory.numbers = {{"wait", static_cast<double>(wait_)},
                      {"cooldown", static_cast<double>(cooldown_)}};
    remember(memory, "best", monitor_.best);
    return memory;
  }

  void restore(const CallbackMemory& memory) override {
    wait_ = static_cast<std::int64_t>(recall(memory, "wait").value_or(0));
    cooldown_ = static_cast<std::int64_t>(recall(memory, "cooldown").value_or(0));
    monitor_.best = recall(memory, "best");
    is_restored_ = true;
  }

 private:
  /// False when the rate is as low as it may be.
  bool reduce(std::int64_t epoch) {
    const double before = rate();
    if (!(before > static_cast<float>(o_.min_lr))) {
      return false;
    }
    const double reduced = std::max(before * o_.factor, o_.min_lr);
    rate() = static_cast<float>(reduced);
    if (o_.verbose > 0) {
      print(fmt::format("\nEpoch {}: ReduceLROnPlateau reducing learning rate to {}.\n",
                        epoch + 1,
                        python_text(reduced)));
    }
    return true;
  }

  void warn(const Logs& logs) {
    if (std::exchange(has_warned_, true)) {
      return;
    }
    std::string names;
    for (const auto& [name, value] : logs) {
      names += (names.empty() ? "" : ",") + name;
    }
    print(
        fmt::format("Learning rate reduction is conditioned on metric `{}` which is not "
                    "available. Available metrics are: {}.\n",
                    o_.monitor,
                    names));
  }

  ReduceLROnPlateau o_;
  Monitor monitor_;
  std::int64_t wait_ = 0, cooldown_ = 0;
  bool is_restored_ = false, has_warned_ = false;
};

class LearningRateSchedulerCallback final : public RateCallback {
 public:
  explicit LearningRateSchedulerCallback(const LearningRateScheduler& o)
      : RateCallback("LearningRateScheduler"), o_(o) {}

  void on_epoch_begin(std::int64_t epoch) override {
    const double set = o_.schedule(epoch, rate());
    if (!std::isfinite(set)) {
      throw error<OptionError>({.where = where(),
                                .expected = "a finite rate from schedule",
                                .got = fmt::format("{} in epoch {}", set, epoch)});
    }
    rate() = static_cast<float>(set);
    if (o_.verbose > 0) {
      print(fmt::format("\nEpoch {}: LearningRateScheduler setting learning rate to {}.\n",
                        epoch + 1,
                        python_text(set)));
    }
  }

 private:
  LearningRateScheduler o_;
};

}  // namespace

std::shared_ptr<Callback> make_callback(const ReduceLROnPlateau& o) {
  const auto check = [](const char* name, double value, const Rule& rule) {
    if (!rule.allows(value)) {
      throw error<OptionError>({.where = "ReduceLROnPlateau",
                                .expected = fmt::format("{} {}", name, rule.text()),
                                .got = fmt::format("{}", value)});
    }
  };
  check("factor", o.factor, {.high = 1, .is_high_open = true});
  check("patience", static_cast<double>(o.patience), at_least(0));
  check("cooldown", static_cast<double>(o.cooldown), at_least(0));
  check("min_lr", o.min_lr, any());
  return std::make_shared<ReduceLROnPlateauCallback>(o);
}

std::shared_ptr<Callback> make_callback(const LearningRateScheduler& o) {
  if (!o.schedule) {
    throw error<OptionError>({.where = "LearningRateScheduler",
                              .expected = "schedule, a function of the epoch and the rate",
                              .got = "none"});
  }
  return std::make_shared<LearningRateSchedulerCallback>(o);
}

LearningRateScheduler::LearningRateScheduler(const LearningRate& rate, int verbose_)
    : schedule([rate](std::int64_t epoch, double) { return static_cast<double>(rate.at(epoch)); }),
      verbose(verbose_) {}

}  // namespace engram
