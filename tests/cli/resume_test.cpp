// SPDX-License-Identifier: Apache-2.0
/// A training that was stopped and continued leaves the same bytes as one that was not.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <thread>

#include "cli/command.hpp"

namespace engram::tests {
namespace {

using Words = std::vector<std::string>;

/// A training small enough for a test, long enough to be stopped in the middle; with dropout.
Words training(const std::string& output, const Words& more = {}) {
  const std::string words =
      "train stock-lstm --set layers.0.units=16 --set layers.2.units=16 --set data.window=30 "
      "--set fit.batch_size=16 --epochs 20 --threads 2 --output";
  std::istringstream stream(words);
  Words result(std::istream_iterator<std::string>(stream), {});
  result.push_back(output);
  result.insert(result.end(), more.begin(), more.end());
  return result;
}

/// Waits until the command has shown `text`, at most a minute.
void wait_for(const Command& command, const std::string& text) {
  for (int i = 0; i < 6000 && command.err().find(text) == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

/// One training that nothing stopped, which the others are compared with.
class Resume : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    whole_outcome_ = run(training(*folder_ / "whole"));
  }

  static void TearDownTestSuite() { delete folder_; }

  static void expect_same_files_as_whole(const std::string& run) {
    ASSERT_EQ(whole_outcome_.code, 0) << whole_outcome_.err;
    for (const char* name : {"/weights.txt", "/history.csv", "/run.json", "/recipe.toml"}) {
      EXPECT_EQ(read(*folder_ / (run + name)), read(*folder_ / ("whole" + std::string(name))))
          << name;
    }
  }

  static TemporaryFolder* folder_;
  static Outcome whole_outcome_;
};

TemporaryFolder* Resume::folder_ = nullptr;
Outcome Resume::whole_outcome_;

TEST_F(Resume, AfterFewerEpochsEndsWithTheSameBytes) {
  ASSERT_EQ(run(training(*folder_ / "fewer", {"--epochs", "2"})).code, 0);

  const Outcome outcome = run(training(*folder_ / "fewer", {"--resume"}));

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  expect_same_files_as_whole("fewer");
}

TEST_F(Resume, AfterControlCEndsWithTheSameBytesOnAnyNumberOfThreads) {
  Command command(training(*folder_ / "stopped"));
  wait_for(command, "Epoch 3/20");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // into the epoch
  kill(command.pid(), SIGINT);
  const Outcome stopped = command.wait();
  ASSERT_EQ(stopped.code, 130) << stopped.err;
  EXPECT_EQ(stopped.out, "");
  EXPECT_NE(stopped.err.find("engram: interrupted."), std::string::npos) << stopped.err;

  const Outcome outcome = run(training(*folder_ / "stopped", {"--resume", "--threads", "1"}));

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  expect_same_files_as_whole("stopped");
}

TEST_F(Resume, AfterKillsEndsWithTheSameBytes) {
  for (const char* seen : {"Epoch 2/20", "Epoch 8/20", "Epoch 15/20"}) {
    Command command(training(*folder_ / "killed", {"--resume"}));
    wait_for(command, seen);
    kill(command.pid(), SIGKILL);
    command.wait();
  }

  const Outcome outcome = run(training(*folder_ / "killed", {"--resume"}));

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  expect_same_files_as_whole("killed");
}

TEST_F(Resume, OfAFinishedTrainingLeavesItsFilesAsTheyWere) {
  std::filesystem::copy(*folder_ / "whole", *folder_ / "again");

  const Outcome again = run(training(*folder_ / "again", {"--resume"}));

  EXPECT_EQ(again.code, 0) << again.err;
  expect_same_files_as_whole("again");
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
