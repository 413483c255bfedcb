// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "engram/runtime.hpp"

namespace engram::tests {
namespace {

class Help : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(Help, BeginsWithExamplesOnStdout) {
  std::vector<std::string> arguments = GetParam();
  arguments.push_back("--help");

  const Outcome outcome = run(arguments);

  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out.rfind("Examples:\n  ", 0), 0u) << outcome.out;
  EXPECT_NE(outcome.out.find("Usage: engram"), std::string::npos) << outcome.out;
}

using Words = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(EveryCommand,
                         Help,
                         testing::Values(Words{},
                                         Words{"demo"},
                                         Words{"train"},
                                         Words{"predict"},
                                         Words{"evaluate"},
                                         Words{"text"},
                                         Words{"text", "next"},
                                         Words{"inspect"},
                                         Words{"plot"},
                                         Words{"bench"},
                                         Words{"info"}));

TEST(Help, OfTheCommandListsEveryCommandAndExitCode) {
  const Outcome outcome = run({"--help"});

  for (const char* word : {"demo",
                           "train",
                           "predict",
                           "evaluate",
                           "text",
                           "inspect",
                           "plot",
                           "bench",
                           "info",
                           "130 interrupted"}) {
    EXPECT_NE(outcome.out.find(word), std::string::npos) << word;
  }
}

TEST(Version, IsTheLibrarys) { EXPECT_EQ(run({"--version"}).out, version() + "\n"); }

TEST(Info, NamesInstructionSetThreadsAndRecipes) {
  const Outcome outcome = run({"info"});

  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("SIMD     " + simd_target()), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("letters-embedding-4"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace engram::tests
