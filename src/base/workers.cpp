// SPDX-License-Identifier: Apache-2.0
#include "base/workers.hpp"

#include <sched.h>

#include <algorithm>

#include "base/phases.hpp"

namespace engram {

int available_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    return std::max(1, CPU_COUNT(&set));
  }
  return std::max(1u, std::thread::hardware_concurrency());
}

namespace {

// About 20 microseconds: longer than the gap between two loops of a minibatch, shorter than a
// scheduler's time slice, so that an idle pool soon costs nothing.
constexpr int kSpins = 4000;

template <class Ready>
bool spin(const Ready& ready) {
  for (int i = 0; i < kSpins; ++i) {
    if (ready()) {
      return true;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  return ready();
}

}  // namespace

Workers::Workers(int count) {
  for (int worker = 1; worker < count; ++worker) {
    threads_.emplace_back([this, worker] { help(worker); });
  }
}

Workers::~Workers() {
  ends_ = true;
  ++round_;
  round_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Workers::run(std::int64_t tasks, const Task& task) {
  task_ = &task;
  tasks_ = tasks;
  next_ = 0;
  has_failed_ = false;
  failure_ = nullptr;
  if (tasks > 1 && !threads_.empty()) {
    busy_ = static_cast<int>(threads_.size());
    ++round_;
    round_.notify_all();
    work(0);
    const PhaseTimer waiting(Phase::waiting);
    if (!spin([this] { return busy_ == 0; })) {
      for (int busy = busy_; busy != 0; busy = busy_) {
        busy_.wait(busy);
      }
    }
  } else {
    work(0);
  }
  if (failure_) {
    std::rethrow_exception(failure_);
  }
}

void Workers::help(int worker) {
  std::uint32_t seen = 0;
  for (;;) {
    {
      const PhaseTimer waiting(Phase::waiting);
      if (!spin([&] { return round_ != seen; })) {
        round_.wait(seen);
      }
    }
    ++seen;  // a round begins only after every helper has finished the one before
    if (ends_) {
      return;
    }
    work(worker);
    if (--busy_ == 0) {
      busy_.notify_one();
    }
  }
}

void Workers::work(int worker) {
  for (std::int64_t task = next_++; task < tasks_; task = next_++) {
    try {
      (*task_)(task, worker);
    } catch (...) {
      if (!has_failed_.exchange(true)) {
        failure_ = std::current_exception();
      }
    }
  }
}

}  // namespace engram
