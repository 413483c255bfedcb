// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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

TEST(Info, ListsKerasNamesWithTheirOptions) {
  const Outcome outcome = run({"info", "--keras"});

  const auto names = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(names["keras.layers"]["LSTM"]["units"], "any");
  EXPECT_EQ(names["keras.layers"]["Conv1DTranspose"]["output_padding"], "any");
  EXPECT_EQ(names["keras.layers"]["Embedding"]["quantization_config"], "only None");
  EXPECT_EQ(names["keras.layers"]["Attention"]["use_causal_mask"], "call");
  EXPECT_EQ(names["keras.layers"]["BatchNormalization"]["synchronized"], "ignored");
  EXPECT_TRUE(names["keras.activations"].contains("tanh"));
  EXPECT_TRUE(names["keras.initializers"].contains("GlorotUniform"));
  EXPECT_TRUE(names["keras.optimizers.schedules"].contains("CosineDecay"));
}

}  // namespace
}  // namespace engram::tests
