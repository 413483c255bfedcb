// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/error.hpp"
#include "engram/callbacks.hpp"
#include "engram/model.hpp"
#include "model/model_data.hpp"
#include "model/monitor.hpp"

namespace engram {

namespace {

constexpr std::string_view kWhere = "EarlyStopping";

class EarlyStoppingCallback final : public Callback {
 public:
  explicit EarlyStoppingCallback(const EarlyStopping& o)
      : o_(o),
        monitor_({.where = std::string(kWhere),
                  .name = o.monitor,
                  .mode = o.mode,
                  .min_delta = o.min_delta}) {}

  // restore() may come before or after this call.
  void on_train_begin() override {
    has_warned_ = false;
    if (!is_restored_) {
      wait_ = stopped_epoch_ = best_epoch_ = 0;
      monitor_.best.reset();
      best_weights_.clear();
    }
  }

  void on_epoch_end(std::int64_t epoch, const Logs& logs) override {
    const std::optional<double> value = find(logs, o_.monitor);
    if (!value) {
      warn(logs);
      return;
    }
    if (epoch < o_.start_from_epoch) {
      return;
    }
    if (best_weights_.empty()) {
      keep_weights(epoch);  // of the first epoch watched, better or not
    }
    ++wait_;
    if (monitor_.improves(*value)) {
      monitor_.best = value;
      keep_weights(epoch);
      if (monitor_.improves_on(*value, o_.baseline)) {
        wait_ = 0;
      }
    } else if (wait_ >= o_.patience && epoch > 0) {
      stopped_epoch_ = epoch;
      model().stop_training = true;
    }
  }

  void on_train_end() override {
    is_restored_ = false;
    if (model().data().is_interrupted) {
      return;  // the weights are those to go on from
    }
    if (stopped_epoch_ > 0) {
      say(fmt::format("Epoch {}: early stopping\n", stopped_epoch_ + 1));
    }
    if (!best_weights_.empty()) {
      say(fmt::format("Restoring model weights from the end of the best epoch: {}.\n",
                      best_epoch_ + 1));
      model().set_weights(best_weights_);
    }
  }

  CallbackMemory memory() const override {
    CallbackMemory memory;
    memory.numbers = {{"wait", static_cast<double>(wait_)},
                      {"stopped_epoch", static_cast<double>(stopped_epoch_)},
                      {"best_epoch", static_cast<double>(best_epoch_)}};
    remember(memory, "best", monitor_.best);
    if (!best_weights_.empty()) {
      memory.tensors["best_weights"] = best_weights_;
    }
    return memory;
  }

  void restore(const CallbackMemory& memory) override {
    const auto number = [&](const char* name) {
      return static_cast<std::int64_t>(recall(memory, name).value_or(0));
    };
    wait_ = number("wait");
    stopped_epoch_ = number("stopped_epoch");
    best_epoch_ = number("best_epoch");
    monitor_.best = recall(memory, "best");
    const auto weights = memory.tensors.find("best_weights");
    best_weights_ = weights == memory.tensors.end() ? std::vector<Tensor>{} : weights->second;
    is_restored_ = true;
    if (stopped_epoch_ > 0) {  // saved after the stop, before the end
      model().stop_training = true;
    }
  }

 private:
  void keep_weights(std::int64_t epoch) {
    if (o_.restore_best_weights) {
      best_weights_ = model().get_weights();
      best_epoch_ = epoch;
    }
  }

  void say(const std::string& text) const {
    if (o_.verbose > 0) {
      print(text);
    }
  }

  void warn(const Logs& logs) {
    std::string names;
    for (const auto& [name, value] : logs) {
      names += (names.empty() ? "" : ",") + name;
    }
    if (!std::exchange(has_warned_, true)) {
      print(
          fmt::format("Early stopping conditioned on metric `{}` which is not available. "
                      "Available metrics are: {}\n",
                      o_.monitor,
                      names));
    }
  }

  EarlyStopping o_;
  Monitor monitor_;
  std::int64_t wait_ = 0, stopped_epoch_ = 0, best_epoch_ = 0;
  std::vector<Tensor> best_weights_;
  bool is_restored_ = false, has_warned_ = false;
};

}  // namespace

std::shared_ptr<Callback> make_callback(const EarlyStopping& o) {
  if (o.patience < 0) {
    throw error<OptionError>({.where = std::string(kWhere),
                              .expected = "patience at least 0",
                              .got = fmt::format("{}", o.patience)});
  }
  return std::make_shared<EarlyStoppingCallback>(o);
}

}  // namespace engram
