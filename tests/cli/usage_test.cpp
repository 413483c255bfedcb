// SPDX-License-Identifier: Apache-2.0
/// Wrong words: the exit code, the message on stderr, nothing on stdout.
#include <gtest/gtest.h>

#include "cli/command.hpp"

namespace engram::tests {
namespace {

struct WrongUse {
  std::vector<std::string> arguments;
  int code;
  std::string part;  ///< of the message
};

class Usage : public testing::TestWithParam<WrongUse> {};

TEST_P(Usage, IsRefusedWithCodeAndMessage) {
  const WrongUse& wrong = GetParam();

  const Outcome outcome = run(wrong.arguments);

  EXPECT_EQ(outcome.code, wrong.code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err.rfind("engram: ", 0), 0u) << outcome.err;
  EXPECT_NE(outcome.err.find(wrong.part), std::string::npos) << outcome.err;
}

INSTANTIATE_TEST_SUITE_P(
    Words,
    Usage,
    testing::Values(WrongUse{{}, 2, "A subcommand is required"},
                    WrongUse{{"trian"}, 2, "trian"},
                    WrongUse{{"train"}, 2, "stock-lstm"},
                    WrongUse{{"train", "stock-lstm", "--epoch", "3"}, 2, "--epoch"},
                    WrongUse{{"train", "stock-lstm", "--epochs", "few"}, 2, "few"},
                    WrongUse{{"train", "stock-lstn"}, 2, "Did you mean 'stock-lstm'?"},
                    WrongUse{{"train", "stock-lstm", "--model", "m.keras"}, 2, "--model"},
                    WrongUse{{"train", "stock-lstm", "--threads", "-1"}, 2, "threads"},
                    WrongUse{{"predict", "m.keras"}, 2, "--data"},
                    WrongUse{{"predict"}, 2, "MODEL"},
                    WrongUse{{"text", "next"}, 2, "MODEL"}));

INSTANTIATE_TEST_SUITE_P(
    Recipes,
    Usage,
    testing::Values(
        WrongUse{{"train", "stock-lstm", "--epochs", "0"},
                 2,
                 "--set fit.epochs=0: fit: expected epochs at least 1, got 0."},
        WrongUse{{"train", "stock-lstm", "--set", "fit.epoch=3"}, 2, "Did you mean 'epochs'?"},
        WrongUse{{"train", "stock-lstm", "--set", "layers.9.units=3"}, 2, "'9'"},
        WrongUse{{"train", "stock-lstm", "--set", "layers.0.unit=3"}, 2, "Did you mean 'units'?"},
        WrongUse{{"train", "stock-lstm", "--set", "layers.0.class=\"LTSM\""}, 2, "LSTM"},
        WrongUse{{"train", "stock-lstm", "--set", "compile.loss=mqe"}, 2, "mean_squared_error"},
        WrongUse{{"train", "stock-lstm", "--set", "fit.monitor=val_acc"}, 2, "val_loss"},
        WrongUse{{"train", "stock-lstm", "--set", "epochs"}, 2, "key=value"}));

TEST(Data, WithoutTheColumnIsRefusedWithItsColumns) {
  const TemporaryFolder folder;

  const Outcome outcome =
      run({"train", "stock-lstm", "--column", "opn", "--output", folder / "run"});

  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("'opn'"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("open"), std::string::npos) << outcome.err;
}

TEST(Data, ThatIsNoNumberIsRefusedByLine) {
  const TemporaryFolder folder;
  write(folder / "bad.csv", "date,open\n2020-01-01,1\n2020-01-02,n/a\n2020-01-03,3\n");

  const Outcome outcome =
      run({"train", "stock-lstm", "--data", folder / "bad.csv", "--output", folder / "run"});

  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("bad.csv:3"), std::string::npos) << outcome.err;
}

TEST(Data, ThatIsMissingIsAFailure) {
  const TemporaryFolder folder;

  const Outcome outcome =
      run({"train", "stock-lstm", "--data", folder / "no.csv", "--output", folder / "run"});

  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("no.csv"), std::string::npos) << outcome.err;
}

TEST(ModelFile, ThatIsDamagedIsRefused) {
  const TemporaryFolder folder;
  write(folder / "m.keras", "no archive");

  for (const char* command : {"inspect", "evaluate", "predict"}) {
    std::vector<std::string> arguments = {command, folder / "m.keras"};
    if (std::string(command) != "inspect") {
      arguments.insert(arguments.end(), {"--data", "simulated"});
    }
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 4) << command << ": " << outcome.err;
    EXPECT_NE(outcome.err.find("m.keras"), std::string::npos) << outcome.err;
  }
}

TEST(Recipe, WithAnUnknownKeyIsRefusedByLine) {
  const TemporaryFolder folder;
  write(folder / "my.toml", "[data]\nletters = \"abc\"\nwindw = 2\n");

  const Outcome outcome = run({"train", folder / "my.toml"});

  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("my.toml:3: data: "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("Did you mean 'window'?"), std::string::npos) << outcome.err;
}

TEST(Recipe, ThatIsNoTomlIsRefusedByLineAndColumn) {
  const TemporaryFolder folder;
  write(folder / "my.toml", "[data]\nletters = abc\n");

  const Outcome outcome = run({"train", folder / "my.toml"});

  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("my.toml:2:"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace engram::tests
