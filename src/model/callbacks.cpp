// SPDX-License-Identifier: Apache-2.0
#include "engram/callbacks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engram/model.hpp"

namespace engram {

std::optional<double> find(const Logs& logs, const std::string& name) {
  const auto it = std::find_if(
      logs.begin(), logs.end(), [&](const auto& entry) { return entry.first == name; });
  return it == logs.end() ? std::nullopt : std::optional<double>(it->second);
}

namespace {

class TerminateOnNaNCallback final : public Callback {
 public:
  void on_train_batch_end(std::int64_t batch, const Logs& logs) override {
    if (const auto loss = find(logs, "loss"); loss && !std::isfinite(*loss)) {
      print(fmt::format("Batch {}: Invalid loss, terminating training\n", batch));
      model().stop_training = true;
    }
  }
};

class Lambdas final : public Callback {
 public:
  explicit Lambdas(const LambdaCallback& o) : o_(o) {}

  void on_train_begin() override { call(o_.on_train_begin); }

  void on_epoch_begin(std::int64_t epoch) override { call(o_.on_epoch_begin, epoch); }

  void on_train_batch_end(std::int64_t batch, const Logs& logs) override {
    call(o_.on_train_batch_end, batch, logs);
  }

  void on_epoch_end(std::int64_t epoch, const Logs& logs) override {
    call(o_.on_epoch_end, epoch, logs);
  }

  void on_train_end() override { call(o_.on_train_end); }

 private:
  template <class Function, class... Arguments>
  static void call(const Function& function, const Arguments&... arguments) {
    if (function) {
      function(arguments...);
    }
  }

  LambdaCallback o_;
};

}  // namespace

std::shared_ptr<Callback> make_callback(const LambdaCallback& o) {
  return std::make_shared<Lambdas>(o);
}

std::shared_ptr<Callback> make_callback(const TerminateOnNaN&) {
  return std::make_shared<TerminateOnNaNCallback>();
}

}  // namespace engram
