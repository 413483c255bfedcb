// SPDX-License-Identifier: Apache-2.0
/// Short trainings of every recipe, and of a model file on arrays.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "engram/engram.hpp"
#include "engram/inspect.hpp"

namespace engram::tests {
namespace {

class TrainRecipe : public testing::TestWithParam<std::string> {};

TEST_P(TrainRecipe, LeavesItsFilesAndFigures) {
  const TemporaryFolder folder;

  const Outcome outcome =
      run({"train", GetParam(), "--epochs", "1", "--output", folder / "run", "--quiet"});

  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  for (const char* name : {"model.keras",
                           "last.keras",
                           "history.csv",
                           "weights.txt",
                           "recipe.toml",
                           "run.json",
                           "loss.png",
                           "loss.svg"}) {
    EXPECT_FALSE(read(folder / ("run/" + std::string(name))).empty()) << name;
  }
  const auto json = nlohmann::json::parse(read(folder / "run/run.json"));
  EXPECT_EQ(json["recipe"], GetParam());
  EXPECT_EQ(json["epochs"], 1);
  EXPECT_EQ(json["engram"], version());
}

INSTANTIATE_TEST_SUITE_P(Bundled,
                         TrainRecipe,
                         testing::Values("stock-rnn",
                                         "stock-lstm",
                                         "stock-gru",
                                         "letters-onehot-1",
                                         "letters-onehot-4",
                                         "letters-embedding-1",
                                         "letters-embedding-4"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(TrainRecipe, SaysWhetherTheNaiveForecastIsBeaten) {
  const TemporaryFolder folder;

  const Outcome outcome =
      run({"train", "stock-rnn", "--epochs", "1", "--output", folder / "run", "--quiet"});

  EXPECT_NE(outcome.out.find("naive forecast"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("均方误差"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("SELECTED ON TEST"), std::string::npos) << outcome.out;
}

TEST(TrainRecipe, TrainsAgainFromItsResolvedRecipe) {
  const TemporaryFolder folder;
  const std::vector<std::string> options = {"--quiet", "--output"};
  run({"train",
       "letters-onehot-1",
       "--epochs",
       "3",
       "--seed",
       "5",
       "--quiet",
       "--output",
       folder / "first"});

  const Outcome outcome =
      run({"train", folder / "first/recipe.toml", "--quiet", "--output", folder / "second"});

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(read(folder / "first/weights.txt"), read(folder / "second/weights.txt"));
  EXPECT_EQ(read(folder / "first/recipe.toml"), read(folder / "second/recipe.toml"));
}

TEST(TrainRecipe, TakesAnotherFileAndColumn) {
  const TemporaryFolder folder;
  std::string csv = "day,level\n";
  for (int day = 0; day < 60; ++day) {
    csv += std::to_string(1000 + day) + "," + std::to_string(day % 7) + "\n";
  }
  write(folder / "levels.csv", csv);

  const Outcome outcome = run({"train",
                               "stock-rnn",
                               "--data",
                               folder / "levels.csv",
                               "--column",
                               "1",
                               "--set",
                               "data.window=5",
                               "--set",
                               "data.test_rows=15",
                               "--set",
                               "layers.0.units=3",
                               "--set",
                               "layers.2.units=4",
                               "--epochs",
                               "2",
                               "--quiet",
                               "--output",
                               folder / "run"});

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("rows 51 to 60 (10 predictions)"), std::string::npos) << outcome.out;
}

TEST(TrainModel, ContinuesAKerasFileOnArrays) {
  const TemporaryFolder folder;
  Sequential model({LSTM{.units = 3}, Dense{.units = 1}});
  model.compile({.optimizer = "adam", .loss = "mse"});
  model.build({4, 2});
  save_model(model, folder / "m.keras");
  save_npy(folder / "x.npy", Tensor({10, 4, 2}));
  save_npy(folder / "y.npy", Tensor({10, 1}));

  const Outcome outcome = run({"train",
                               "--model",
                               folder / "m.keras",
                               "--x",
                               folder / "x.npy",
                               "--y",
                               folder / "y.npy",
                               "--epochs",
                               "3",
                               "--batch-size",
                               "4",
                               "--no-shuffle",
                               "--output",
                               folder / "out.keras",
                               "--history",
                               folder / "h.csv",
                               "--quiet"});

  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(describe(load_model(folder / "out.keras")).updates, 9);
  EXPECT_EQ(read(folder / "h.csv").substr(0, 10), "epoch,loss");
}

}  // namespace
}  // namespace engram::tests
