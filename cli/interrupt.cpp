// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "commands.hpp"

namespace engram::cli {

namespace {

std::atomic<bool> stop_flag = false;

/// The first signal asks the training to stop after its batch; the second ends the process.
void on_signal(int) {
  if (stop_flag.exchange(true)) {
    _exit(130);
  }
}

}  // namespace

const std::atomic<bool>& stop_requested() {
  static const bool is_watching = [] {
    struct sigaction action = {};
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    return true;
  }();
  static_cast<void>(is_watching);
  return stop_flag;
}

void print_progress(const std::string& text) {
  fmt::print(stderr, "{}", text);
  std::fflush(stderr);
}

bool is_terminal() { return isatty(STDERR_FILENO) != 0; }

}  // namespace engram::cli
