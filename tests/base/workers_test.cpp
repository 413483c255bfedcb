// SPDX-License-Identifier: Apache-2.0
#include "base/workers.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace engram {
namespace {

class WorkersTest : public ::testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Counts, WorkersTest, ::testing::Values(1, 2, 3, 8));

TEST_P(WorkersTest, EachTaskRunsOnceInEveryLoop) {
  Workers workers(GetParam());
  std::vector<std::atomic<int>> runs(100);

  for (int loop = 0; loop < 50; ++loop) {
    workers.run(100, [&](std::int64_t task, int) { ++runs[static_cast<std::size_t>(task)]; });
  }

  for (const auto& count : runs) {
    EXPECT_EQ(count, 50);
  }
}

TEST_P(WorkersTest, WorkerNumbersAreInsideTheCount) {
  Workers workers(GetParam());
  std::atomic<bool> is_inside = true;
  workers.run(1000, [&](std::int64_t, int worker) {
    if (worker < 0 || worker >= GetParam()) {
      is_inside = false;
    }
  });
  EXPECT_TRUE(is_inside);
  EXPECT_EQ(workers.count(), GetParam());
}

TEST_P(WorkersTest, WhatATaskThrowsComesOutAndTheNextLoopRuns) {
  Workers workers(GetParam());
  const auto fail = [](std::int64_t task, int) {
    if (task == 7) {
      throw std::runtime_error("seven");
    }
  };
  EXPECT_THROW(workers.run(20, fail), std::runtime_error);
  std::atomic<int> done = 0;
  workers.run(20, [&](std::int64_t, int) { ++done; });
  EXPECT_EQ(done, 20);
}

TEST_P(WorkersTest, NoTasksIsNoWork) {
  Workers workers(GetParam());
  workers.run(0, [](std::int64_t, int) { FAIL(); });
}

TEST(Workers, ThereIsAProcessor) { EXPECT_GE(available_processors(), 1); }

}  // namespace
}  // namespace engram
