// SPDX-License-Identifier: Apache-2.0
/// Interrupts training as Ctrl-C does, after so many batches.
#pragma once

#include <atomic>
#include <cstdint>

#include "engram/callbacks.hpp"

namespace engram {

/// Raises `flag` after so many batches, counted over all epochs.
class StopAfter final : public Callback {
 public:
  StopAfter(std::int64_t batches, std::atomic<bool>& flag) : left_(batches), flag_(flag) {}

  void on_train_batch_end(std::int64_t, const Logs&) override {
    if (--left_ == 0) {
      flag_ = true;
    }
  }

 private:
  std::int64_t left_;
  std::atomic<bool>& flag_;
};

}  // namespace engram
