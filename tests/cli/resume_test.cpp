// SPDX-License-Identifier: Apache-2.0
/// A training that was stopped and continued leaves the same bytes as one that was not.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "cli/command.hpp"

namespace engram::tests {
namespace {

using Words = std::vector<std::string>;

/// A training small enough for a test, long enough to be stopped in the middle; with dropout.
Words training(const std::string& output, const Words& more = {}) {
  Words words = {"train",
                 "stock-lstm",
                 "--set",
                 "layers.0.units=24",
                 "--set",
                 "layers.2.units=24",
                 "--set",
                 "fit.batch_size=16",
                 "--epochs",
                 "20",
                 "--threads",
                 "2",
                 "--output",
                 output};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void expect_same_files(const TemporaryFolder& folder, const std::string& a, const std::string& b) {
  for (const char* name : {"weights.txt", "history.csv", "run.json", "recipe.toml"}) {
    EXPECT_EQ(read(folder / (a + "/" + name)), read(folder / (b + "/" + name))) << name;
  }
}

/// Waits until the command has shown `text`, at most a minute.
void wait_for(const Command& command, const std::string& text) {
  for (int i = 0; i < 6000 && command.err().find(text) == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

TEST(Resume, AfterFewerEpochsEndsWithTheSameBytes) {
  const TemporaryFolder folder;
  ASSERT_EQ(run(training(folder / "whole")).code, 0);
  ASSERT_EQ(run(training(folder / "parts", {"--epochs", "2"})).code, 0);

  const Outcome outcome = run(training(folder / "parts", {"--resume"}));

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  expect_same_files(folder, "whole", "parts");
}

TEST(Resume, AfterControlCEndsWithTheSameBytes) {
  const TemporaryFolder folder;
  ASSERT_EQ(run(training(folder / "whole")).code, 0);
  Command command(training(folder / "parts"));
  wait_for(command, "Epoch 3/20");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // into the epoch
  kill(command.pid(), SIGINT);
  const Outcome stopped = command.wait();
  ASSERT_EQ(stopped.code, 130) << stopped.err;
  EXPECT_EQ(stopped.out, "");
  EXPECT_NE(stopped.err.find("engram: interrupted."), std::string::npos) << stopped.err;

  const Outcome outcome = run(training(folder / "parts", {"--resume", "--threads", "1"}));

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  expect_same_files(folder, "whole", "parts");
}

TEST(Resume, AfterAKillEndsWithTheSameBytes) {
  const TemporaryFolder folder;
  ASSERT_EQ(run(training(folder / "whole")).code, 0);
  for (const char* seen : {"Epoch 2/20", "Epoch 8/20", "Epoch 15/20"}) {
    Command command(training(folder / "parts", {"--resume"}));
    wait_for(command, seen);
    kill(command.pid(), SIGKILL);
    command.wait();
  }

  const Outcome outcome = run(training(folder / "parts", {"--resume"}));

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  expect_same_files(folder, "whole", "parts");
}

TEST(Resume, OfAFinishedTrainingRepeatsItsReport) {
  const TemporaryFolder folder;
  const Outcome whole = run(training(folder / "run"));

  const Outcome again = run(training(folder / "run", {"--resume"}));

  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.out, whole.out);
}

TEST(Interrupt, TwiceEndsAtOnce) {
  const TemporaryFolder folder;
  Command command(training(folder / "run", {"--epochs", "100000"}));
  wait_for(command, "Epoch 2/");

  kill(command.pid(), SIGINT);
  kill(command.pid(), SIGINT);

  EXPECT_EQ(command.wait().code, 130);
}

}  // namespace
}  // namespace engram::tests
