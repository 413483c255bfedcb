// SPDX-License-Identifier: Apache-2.0
/// One epoch of SimpleRNN(8) over all windows of 60 of one series. A process of its own, so that
/// its memory can be seen from outside. Usage: series WINDOWS; prints the seconds of the epoch.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>

#include "engram/engram.hpp"

int main(int argc, char** argv) {
  using namespace engram;
  constexpr std::int64_t kWindow = 60;
  const std::int64_t windows = argc == 2 ? std::atoll(argv[1]) : 0;
  if (windows < 1) {
    fmt::print(stderr, "Usage: series WINDOWS\n");
    return 2;
  }
  Tensor series({windows + kWindow});
  for (std::int64_t i = 0; i < series.size(); ++i) {
    series.data()[i] = std::sin(0.1f * static_cast<float>(i % 6283));
  }
  Sequential model({SimpleRNN{.units = 8}, Dense{.units = 1}});
  model.compile({.optimizer = "adam"});
  const auto [x, y] = window_views(series, kWindow);
  const auto start = std::chrono::steady_clock::now();
  model.fit(x, y, {.batch_size = 64});
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  fmt::print("{:.9f}\n", passed.count());
}
