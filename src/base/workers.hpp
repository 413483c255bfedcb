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
/// open; results must not depend on it. A helper spins briefly for the next loop, then sleeps.
class Workers {
 public:
  using Task = std::function<void(std::int64_t task, int worker)>;

  explicit Workers(int count);
  ~Workers();  // ends and joins the threads
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int count() const { return static_cast<int>(threads_.size()) + 1; }

  /// Runs task(0) ... task(tasks - 1), each once, and returns when all are done. What a task throws
  /// is thrown here (the first of them).
  void run(std::int64_t tasks, const Task& task);

 private:
  void help(int worker);
  void work(int worker);

  std::vector<std::thread> threads_;
  const Task* task_ = nullptr;
  std::int64_t tasks_ = 0;
  std::atomic<std::int64_t> next_{0};
  std::atomic<int> busy_{0};
  std::atomic<std::uint32_t> round_{0};
  std::atomic<bool> ends_{false};
  std::atomic<bool> has_failed_{false};
  std::exception_ptr failure_;
};

}  // namespace engram
