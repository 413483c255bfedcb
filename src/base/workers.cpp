// SPDX-License-Identifier: Apache-2.0
#include "base/workers.hpp"

#include <sched.h>

#include <algorithm>
#include <utility>

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

constexpr std::uint64_t kNoTask = 0xffffffff;  // of a ticket: no task is to be had now

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
  if (tasks <= 1 || threads_.empty()) {
    for (std::int64_t i = 0; i < tasks; ++i) {
      task(i, 0);
    }
    return;
  }
  constexpr auto kNow = std::memory_order_release;
  const std::uint64_t loop = ((ticket_.load(std::memory_order_relaxed) >> 32) + 1) << 32;
  ticket_.store(loop + kNoTask, std::memory_order_relaxed);  // before the task changes
  task_.store(&task, kNow);
  tasks_.store(static_cast<std::uint32_t>(tasks), kNow);
  done_.store(0, std::memory_order_relaxed);
  has_failed_.store(false, std::memory_order_relaxed);
  failure_ = nullptr;
  ticket_.store(loop, kNow);
  ++round_;
  round_.notify_all();
  work(0);
  const auto is_done = [this, tasks] { return done_ == tasks; };
  if (!is_done()) {
    const PhaseTimer waiting(Phase::waiting);
    if (!spin(is_done)) {
      for (std::uint32_t done = done_; done != tasks; done = done_) {
        done_.wait(done);
      }
    }
  }
  if (failure_) {
    std::rethrow_exception(failure_);
  }
}

void Workers::help(int worker) {
  for (;;) {
    const std::uint32_t seen = round_;
    if (ends_) {
      return;
    }
    work(worker);
    const PhaseTimer waiting(Phase::waiting);
    if (!spin([&] { return round_ != seen; })) {
      round_.wait(seen);
    }
  }
}

/// Takes tasks of the loop that runs, while there are any. A helper that comes late may read the
/// task of another loop, but then it gets no ticket for it.
void Workers::work(int worker) {
  constexpr auto kSeen = std::memory_order_acquire;
  std::uint64_t ticket = ticket_.load(kSeen);
  for (;;) {
    const Task* task = task_.load(kSeen);
    const std::uint32_t tasks = tasks_.load(kSeen);
    const auto next = static_cast<std::uint32_t>(ticket);
    if (next >= tasks) {
      return;
    }
    if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel, kSeen)) {
      continue;
    }
    try {
      (*task)(next, worker);
    } catch (...) {
      if (!has_failed_.exchange(true)) {
        failure_ = std::current_exception();
      }
    }
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == tasks) {
      done_.notify_one();
    }
    ticket = ticket_.load(kSeen);
  }
}

namespace {

thread_local Workers* sharing = nullptr;

}  // namespace

SharedKernels::SharedKernels(Workers* workers) : before_(std::exchange(sharing, workers)) {}

SharedKernels::~SharedKernels() { sharing = before_; }

Workers* SharedKernels::workers() { return sharing; }

}  // namespace engram
