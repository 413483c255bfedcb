// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "engram/engram.hpp"
#include "expect_error.hpp"

namespace engram {
namespace {

/// A model that answers with the last value of its window: the naive forecast itself.
Model last_value_model(const Recipe& recipe) {
  Model model = Sequential({SimpleRNN{.units = 1, .activation = "linear"}});
  model.build({std::get<SeriesSource>(recipe.data).window, 1});
  model.set_weights({Tensor({1, 1}, {1}), Tensor({1, 1}, {0}), Tensor({1}, {0})});
  model.notes() = make_samples(recipe).notes;
  return model;
}

TEST(PredictSeries, GivesPredictionsInTheSeriesUnits) {
  Model model = last_value_model(load_recipe("stock-lstm"));
  const std::vector<double> series = read_series("simulated").column("open");

  const SeriesPredictions predictions = predict_series(model, "simulated");

  ASSERT_EQ(predictions.predicted.size(), 2366u);
  EXPECT_EQ(predictions.actual[0], series[60]);
  EXPECT_EQ(predictions.naive[0], series[59]);
  // float32 between the scalers: 2^-23 of the range on each way.
  EXPECT_NEAR(predictions.predicted[0], series[59], 1e-4);
  EXPECT_NEAR(predictions.next, series.back(), 1e-4);
}

TEST(Judge, FindsTheNaiveModelAsGoodAsNaive) {
  Model model = last_value_model(load_recipe("stock-lstm"));

  const SeriesJudgement judgement = judge(predict_series(model, "simulated"), 240);

  EXPECT_EQ(judgement.first_row, 2186);
  EXPECT_EQ(judgement.rows, 240);
  EXPECT_NEAR(judgement.skill(), 0, 1e-4);
  EXPECT_NE(judgement.text().find("as good as the naive forecast"), std::string::npos);
}

TEST(Judge, CountsRowsTrainedOnAndRowsThatChoseTheEpoch) {
  Model model = last_value_model(load_recipe("stock-lstm"));

  const SeriesJudgement judgement = judge(predict_series(model, "simulated"), 1000);

  EXPECT_EQ(judgement.trained, 700);
  EXPECT_EQ(judgement.selected, 300);
}

TEST(Judge, OfAnotherColumnKnowsNothingOfTraining) {
  Model model = last_value_model(load_recipe("stock-lstm"));

  const SeriesJudgement judgement = judge(predict_series(model, "simulated", "close"), 1000);

  EXPECT_EQ(judgement.trained, 0);
  EXPECT_EQ(judgement.selected, 0);
}

TEST(Judge, WithoutValidationOnTestIsNoSelection) {
  Model model = last_value_model(load_recipe("stock-lstm", {"fit.validation=0.1"}));

  EXPECT_EQ(judge(predict_series(model, "simulated"), 240).selected, 0);
}

TEST(Judgement, SaysInPlainWordsWhichIsBetter) {
  SeriesJudgement judgement = {.model = {.mse = 1}, .naive = {.mse = 4}};
  EXPECT_NE(judgement.text().find("beats the naive forecast: its squared error is 75.0 % smaller."),
            std::string::npos);
  judgement.model.mse = 6;
  EXPECT_NE(judgement.text().find("does not beat the naive forecast, which repeats the row before: "
                                  "its squared error is 1.50 times as large."),
            std::string::npos);
}

TEST(PredictSeries, RefusesNotesThatAreDamaged) {
  Model model = last_value_model(load_recipe("stock-lstm"));
  model.notes()["window"] = "sixty";

  EXPECT_ERROR(
      predict_series(model, "simulated"),
      FileError,
      "the model's notes: window: expected a number, got 'sixty'. Train the recipe again.");
}

TEST(PredictSeries, RefusesAModelWithoutNotes) {
  Model model = Sequential({Dense{.units = 1}});

  EXPECT_ERROR(
      predict_series(model, "simulated"),
      OptionError,
      "the model's notes: expected a model trained on series, got a model without notes on "
      "its data. Train one: engram train stock-lstm --data FILE.csv.");
}

}  // namespace
}  // namespace engram
