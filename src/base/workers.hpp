// SPDX-License-Identifier: Apache-2.0
/// Threads that share the tasks of one loop; the caller works too.
///
/// Example: Workers workers(4);  workers.run(tasks, [&](std::int64_t task, int worker) { ... });
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

namespace engram {

/// Processors that this process may run on (its affinity), 1 or more.
int available_processors();

/// A pool of `count` workers, the calling thread being worker 0. Which worker does which task is
/// open; results must not depend on it. A helper spins briefly for the next loop, then sleeps. The
/// caller waits for tasks that helpers have begun, never for a helper that has not woken up.
class Workers {
 public:
  using Task = std::function<void(std::int64_t task, int worker)>;

  explicit Workers(int count);
  ~Workers();  // ends and joins the threads
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int count() const { return static_cast<int>(threads_.size()) + 1; }

  /// How often `run` has called helpers.
  std::uint64_t loops() const { return ticket_ >> 32; }

  /// Runs task(0) ... task(tasks - 1), each once, and returns when all are done. What a task throws
  /// is thrown here (the first of them). Fewer than 2^31 tasks; they must not call run.
  void run(std::int64_t tasks, const Task& task);

 private:
  void help(int worker);
  void work(int worker);

  // What one thread watches while another writes to something else lies in lines of its own.
  static constexpr std::size_t kLine = 64;

  std::vector<std::thread> threads_;
  /// The loop's number and its next task, in one: who takes a task knows that the loop still runs.
  alignas(kLine) std::atomic<std::uint64_t> ticket_{0};
  std::atomic<const Task*> task_{nullptr};
  std::atomic<std::uint32_t> tasks_{0};
  alignas(kLine) std::atomic<std::uint32_t> done_{0};   ///< the caller watches it
  alignas(kLine) std::atomic<std::uint32_t> round_{0};  ///< helpers without work watch it
  std::atomic<bool> ends_{false};
  std::atomic<bool> has_failed_{false};
  std::exception_ptr failure_;
};

/// While it lives, a kernel that the calling thread calls may share its work among `workers`.
class SharedKernels {
 public:
  explicit SharedKernels(Workers* workers);
  ~SharedKernels();  // restores what was before
  SharedKernels(const SharedKernels&) = delete;
  SharedKernels& operator=(const SharedKernels&) = delete;

  /// The workers that share the calling thread's kernels, or null.
  static Workers* workers();

 private:
  Workers* before_;
};

}  // namespace engram
