// SPDX-License-Identifier: Apache-2.0
/// What the command does with a trained model: predict, evaluate, text next, inspect.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "engram/engram.hpp"

namespace engram::tests {
namespace {

/// One short training of prices and one full training of letters, for all tests here.
class Trained : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    stock_outcome_ = run({"train",
                          "stock-rnn",
                          "--epochs",
                          "1",
                          "--quiet",
                          "--set",
                          "layers.0.units=4",
                          "--set",
                          "layers.2.units=4",
                          "--output",
                          *folder_ / "stock"});
    run({"train", "letters-embedding-4", "--quiet", "--output", *folder_ / "letters"});
  }

  static void TearDownTestSuite() { delete folder_; }

  static std::string stock() { return *folder_ / "stock/model.keras"; }

  static std::string letters() { return *folder_ / "letters/model.keras"; }

  static TemporaryFolder* folder_;
  static Outcome stock_outcome_;
};

TemporaryFolder* Trained::folder_ = nullptr;
Outcome Trained::stock_outcome_;

TEST_F(Trained, EvaluateRepeatsTheFiguresOfTheTraining) {
  const Outcome outcome = run({"evaluate", stock(), "--data", "simulated"});

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("(240 predictions)"), std::string::npos) << outcome.out;
  EXPECT_NE(stock_outcome_.out.find(outcome.out), std::string::npos) << outcome.out;
}

TEST_F(Trained, EvaluateSaysHowManyRowsWereTrainedOn) {
  const Outcome outcome = run({"evaluate", stock(), "--data", "simulated", "--rows", "0"});

  EXPECT_NE(outcome.out.find("TRAINED ON 2066"), std::string::npos) << outcome.out;
}

TEST_F(Trained, PredictGivesARowEachAndTheNextValue) {
  const Outcome outcome = run({"predict", stock(), "--data", "simulated"});

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.rfind("row,label,open,predicted\n61,", 0), 0u) << outcome.out.substr(0, 80);
  EXPECT_NE(outcome.out.find("\n2427,next,,"), std::string::npos);
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 2426 - 60 + 2);
}

TEST_F(Trained, TextsGiveALineEach) {
  TextVectorization words{.output_mode = "count", .vocabulary = {"cat", "dog"}};
  Sequential model({words});
  save_model(model, *folder_ / "texts.keras");
  const std::string texts = folder_->write("texts.txt", "Cat cat dog!\n\nbird dog\n");

  const Outcome outcome = run({"predict", *folder_ / "texts.keras", "--texts", texts});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "0,2,1\n0,0,0\n1,0,1\n");

  const std::string y = *folder_ / "texts.npy";
  EXPECT_EQ(run({"predict", *folder_ / "texts.keras", "--texts", texts, "--output", y}).code, 0);
  EXPECT_EQ(load_npy(y), Tensor({3, 3}, {0, 2, 1, 0, 0, 0, 1, 0, 1}));
}

TEST_F(Trained, GraphsTakeAndGiveSeveralArrays) {
  const KerasTensor a = Input{.shape = {3}}, b = Input{.shape = {2}};
  const KerasTensor both = Layer(Concatenate{})({a, b});
  Functional model({a, b}, {Layer(Dense{.units = 1})(both), Layer(Dense{.units = 4})(both)});
  model.compile({.optimizer = "sgd", .losses = {"mse", "mse"}});
  const std::string path = *folder_ / "graph.keras";
  save_model(model, path);
  const std::vector<std::pair<std::string, Shape>> arrays = {
      {"a.npy", {5, 3}}, {"b.npy", {5, 2}}, {"y0.npy", {5, 1}}, {"y1.npy", {5, 4}}};
  for (const auto& [name, shape] : arrays) {
    save_npy(*folder_ / name, Tensor(shape));
  }
  const std::string x0 = *folder_ / "a.npy", x1 = *folder_ / "b.npy";
  const std::string y0 = *folder_ / "y0.npy", y1 = *folder_ / "y1.npy";

  const Outcome trained = run({"train",
                               "--model",
                               path,
                               "--x",
                               x0,
                               "--x",
                               x1,
                               "--y",
                               y0,
                               "--y",
                               y1,
                               "--quiet",
                               "--output",
                               path});
  const Outcome predicted =
      run({"predict", path, "--input", x0, "--input", x1, "--output", y1, "--output", y0});
  const Outcome few = run({"predict", path, "--input", x0, "--input", x1, "--output", y0});

  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(predicted.code, 0) << predicted.err;
  EXPECT_EQ(load_npy(y0).shape(), (Shape{5, 4}));
  EXPECT_EQ(few.code, 2);
  EXPECT_NE(few.err.find("once for each of the model's 2 outputs"), std::string::npos) << few.err;
}

TEST_F(Trained, PlotDrawsTheModel) {
  const Outcome outcome = run({"plot", stock(), *folder_ / "model.dot", "--show-shapes"});

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(folder_->read("model.dot").find("Output shape: <b>(None, 1)</b>"), std::string::npos);
}

TEST_F(Trained, PlotRefusesOtherPictures) {
  EXPECT_EQ(run({"plot", stock(), *folder_ / "model.jpg"}).code, 2);
}

TEST_F(Trained, PredictTakesArrays) {
  save_npy(*folder_ / "x.npy", Tensor({3, 60, 1}));

  const Outcome outcome =
      run({"predict", stock(), "--input", *folder_ / "x.npy", "--output", *folder_ / "y.npy"});

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(load_npy(*folder_ / "y.npy").shape(), (Shape{3, 1}));
}

TEST_F(Trained, PredictRefusesArraysOfAnotherShape) {
  save_npy(*folder_ / "x.npy", Tensor({3, 60, 2}));

  const Outcome outcome =
      run({"predict", stock(), "--input", *folder_ / "x.npy", "--output", *folder_ / "y2.npy"});

  EXPECT_EQ(outcome.code, 3) << outcome.err;
}

TEST_F(Trained, TextNextAnswersAsTheChapterDoes) {
  const Outcome outcome = run({"text", "next", letters(), "abcd", "vwxy"});

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "abcd->e\nvwxy->z\n");
}

TEST_F(Trained, TextNextAsksForLettersWithoutThem) {
  const Outcome outcome = run({"text", "next", letters()}, "2\nabcd\nab\nefgh\n");

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "abcd->e\nefgh->i\n");
  EXPECT_NE(outcome.err.find("input the number of test alphabet:"), std::string::npos);
  EXPECT_NE(outcome.err.find("got 'ab'"), std::string::npos) << outcome.err;
}

TEST_F(Trained, TextNextRefusesAnUnknownLetter) {
  const Outcome outcome = run({"text", "next", letters(), "abc1"});

  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
}

TEST_F(Trained, TextNextRefusesAModelOfPrices) {
  EXPECT_EQ(run({"text", "next", stock(), "abcd"}).code, 2);
}

TEST_F(Trained, EvaluateRefusesAModelOfLetters) {
  EXPECT_EQ(run({"evaluate", letters(), "--data", "simulated"}).code, 2);
}

TEST_F(Trained, InspectCountsParametersInJson) {
  const Outcome outcome = run({"inspect", letters(), "--json"});

  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["total_params"], 468);
  EXPECT_EQ(json["trainable_params"], 468);
  EXPECT_EQ(json["layers"][1]["class"], "SimpleRNN");
  EXPECT_EQ(json["layers"][1]["params"], 130);
  EXPECT_EQ(json["layers"][0]["output_shape"], nlohmann::json::parse("[null, 4, 2]"));
  EXPECT_EQ(json["optimizer"]["class"], "Adam");
}

TEST(Inspect, ShowsWhatEachOutputIsJudgedBy) {
  const std::string file = ENGRAM_SOURCE_DIR "/tests/golden/keras/graph_weighted_outputs.keras";

  const std::string text = run({"inspect", file}).out;
  const auto json = nlohmann::json::parse(run({"inspect", file, "--json"}).out);

  EXPECT_NE(text.find("Loss of 'steps': mean_squared_error, weight 0.5. Metrics: "
                      "mae. By weights: mae, mse.\n"
                      "Loss of 'last': mean_absolute_error, weight 2. "),
            std::string::npos)
      << text;
  EXPECT_EQ(json["outputs"][1]["name"], "last");
  EXPECT_EQ(json["outputs"][1]["loss"], "mean_absolute_error");
}

TEST_F(Trained, InspectShowsTheTrainingState) {
  const Outcome outcome = run({"inspect", *folder_ / "letters/last.keras"});

  EXPECT_NE(outcome.out.find("embedding (Embedding)"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("100 epochs and 0 batches done"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace engram::tests
