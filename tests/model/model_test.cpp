// SPDX-License-Identifier: Apache-2.0
#include "engram/model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "chapter_models.hpp"
#include "engram/data.hpp"
#include "engram/error.hpp"
#include "engram/runtime.hpp"
#include "expect_error.hpp"

namespace engram {
namespace {

using testing_models::Data;
using testing_models::stock;
using testing_models::waves;

TEST(Model, CountsParametersAsTheChapter) {
  Sequential models[] = {
      Sequential({SimpleRNN{.units = 3}, Dense{.units = 5}}),
      Sequential(
          {Embedding{.input_dim = 5, .output_dim = 2}, SimpleRNN{.units = 3}, Dense{.units = 5}}),
      Sequential({Embedding{.input_dim = 26, .output_dim = 2},
                  SimpleRNN{.units = 10},
                  Dense{.units = 26}})};
  const Shape inputs[] = {{4, 5}, {1}, {4}};
  const std::int64_t counts[] = {47, 48, 468};
  for (int i = 0; i < 3; ++i) {
    models[i].build(inputs[i]);
    EXPECT_EQ(models[i].count_params(), counts[i]);
  }
}

TEST(Model, CountsParametersOfStockModels) {
  EXPECT_EQ(stock<SimpleRNN>().count_params(), 24'761);
  EXPECT_EQ(stock<LSTM>().count_params(), 98'741);
  EXPECT_EQ(stock<GRU>().count_params(), 74'621);
}

TEST(Model, InputLayerBuildsAtOnce) {
  EXPECT_TRUE(stock<LSTM>(4, 4, 5).is_built());
  EXPECT_FALSE(Sequential({LSTM{.units = 4}}).is_built());
}

TEST(Model, NamesLayersAsKeras) {
  const Sequential model = stock<LSTM>(4, 4, 5);
  std::vector<std::string> names;
  for (const LayerInfo& info : model.layers()) {
    names.push_back(info.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"lstm", "dropout", "lstm_1", "dropout_1", "dense"}));
}

TEST(Model, GivesShapesOfLayers) {
  const Sequential model = stock<GRU>(4, 6, 5);
  EXPECT_EQ(model.layers()[0].output_shape, (Shape{-1, 5, 4}));
  EXPECT_EQ(model.layers()[2].output_shape, (Shape{-1, 6}));
}

TEST(Model, SetsAndGetsWeights) {
  Sequential model = stock<LSTM>(3, 2, 5);
  std::vector<Tensor> weights = model.get_weights();
  weights[1].at({2, 11}) = 42;
  model.set_weights(weights);
  EXPECT_EQ(model.get_weights()[1].at({2, 11}), 42);
  weights[1] = Tensor({2, 2});
  EXPECT_ERROR(model.set_weights(weights),
               ShapeError,
               "sequential.set_weights: lstm/lstm_cell/recurrent_kernel: expected shape (3, 12), "
               "got (2, 2).");
}

TEST(Model, FitLowersTheLoss) {
  const Data data = waves(100, 8);
  Sequential model = stock<LSTM>(8, 8, 8);
  const History history = model.fit(data.x, data.y, {.batch_size = 16, .epochs = 15});
  const std::vector<double>& loss = history.history.at("loss");
  ASSERT_EQ(loss.size(), 15u);
  EXPECT_LT(loss.back(), 0.5 * loss.front());
}

TEST(Model, SameSeedSameWeights) {
  set_random_seed(5);
  const std::vector<Tensor> first = stock<LSTM>(5, 6, 4).get_weights();
  const std::vector<Tensor> other = stock<LSTM>(5, 6, 4).get_weights();
  set_random_seed(5);
  EXPECT_EQ(stock<LSTM>(5, 6, 4).get_weights(), first);
  EXPECT_NE(first, other);
}

TEST(Model, ValidationSplitTakesTheLastRows) {
  const Data data = waves(40, 4);
  set_random_seed(1);
  Sequential split = stock<GRU>(4, 4, 4);
  set_random_seed(1);
  Sequential given = stock<GRU>(4, 4, 4);
  const History a =
      split.fit(data.x, data.y, {.batch_size = 8, .epochs = 2, .validation_split = 0.25});
  const History b = given.fit(data.x.rows(0, 30),
                              data.y.rows(0, 30),
                              {.batch_size = 8,
                               .epochs = 2,
                               .validation_data = {data.x.rows(30, 40), data.y.rows(30, 40)}});
  EXPECT_EQ(a.history, b.history);
  EXPECT_EQ(a.history.count("val_loss"), 1u);
}

/// Windows that lie in one series train, judge and predict as their copies do.
TEST(Model, ViewsOfASeriesAreAsGoodAsCopies) {
  Tensor series({50});
  for (std::int64_t i = 0; i < 50; ++i) {
    series.at({i}) = std::sin(0.3f * static_cast<float>(i));
  }
  const auto [x, y] = window_views(series, 6);
  const FitOptions options = {.batch_size = 8, .epochs = 2, .validation_split = 0.25};
  set_random_seed(1);
  Sequential viewed = stock<LSTM>(4, 4, 6);
  set_random_seed(1);
  Sequential copied = stock<LSTM>(4, 4, 6);
  EXPECT_EQ(viewed.fit(x, y, options).history, copied.fit(x.tensor(), y.tensor(), options).history);
  EXPECT_EQ(viewed.predict(x), copied.predict(x.tensor()));
  EXPECT_EQ(viewed.evaluate(x, y), copied.evaluate(x.tensor(), y.tensor()));
}

TEST(Model, NamesTheWindowOfABadValue) {
  Tensor series({9}, {0, 1, 2, 3, 4, 5, 6, NAN, 8});
  const auto [x, y] = window_views(series, 3);
  Sequential model = stock<LSTM>(4, 4, 3);
  EXPECT_ERROR(model.predict(x),
               DataError,
               "predict: x: expected finite values, got nan in row 5, element 2. Clean or drop "
               "such rows.");
  EXPECT_EQ(model.predict(x.rows(0, 5)).size(), 5);
}

TEST(Model, EvaluateAgreesWithPredict) {
  const Data data = waves(37, 6);
  Sequential model = stock<SimpleRNN>(5, 7, 6);
  const Tensor predicted = model.predict(data.x);
  double sum = 0;
  for (std::int64_t i = 0; i < 37; ++i) {
    const double d = predicted.at({i, 0}) - data.y.at({i});
    sum += d * d;
  }
  const Logs logs = model.evaluate(data.x, data.y, {.batch_size = 10});
  EXPECT_EQ(logs[0].first, "loss");
  EXPECT_NEAR(logs[0].second, sum / 37, 1e-6 * sum);  // float32 predictions, float64 sums
}

TEST(Model, PredictionOfARowDoesNotDependOnItsBatch) {
  const Data data = waves(70, 6);
  Sequential model = stock<LSTM>(17, 9, 6);
  const Tensor all = model.predict(data.x);
  EXPECT_EQ(model.predict(data.x, {.batch_size = 7}), all);
  EXPECT_EQ(model.predict(data.x.rows(33, 34)).at({0, 0}), all.at({33, 0}));
}

TEST(Model, FrozenLayerKeepsItsWeights) {
  const Data data = waves(32, 5);
  Sequential model({Input{.shape = {5, 1}},
                    LSTM{.units = 4, .return_sequences = true},
                    LSTM{.units = 4, .trainable = false},
                    Dense{.units = 1}});
  model.compile({.optimizer = "adam", .loss = "mse"});
  const std::vector<Tensor> before = model.get_weights();
  model.fit(data.x, data.y, {.epochs = 2});
  const std::vector<Tensor> after = model.get_weights();
  EXPECT_NE(after[0], before[0]);
  EXPECT_EQ(after[3], before[3]);
  EXPECT_EQ(after[4], before[4]);
  EXPECT_NE(after[6], before[6]);
}

TEST(ModelErrors, FitBeforeCompile) {
  const Data data = waves(4, 5);
  Sequential model({LSTM{.units = 4}, Dense{.units = 1}});
  EXPECT_ERROR(model.fit(data.x, data.y),
               StateError,
               "fit: expected a compiled model, got one without optimizer and loss. Call compile "
               "first.");
}

TEST(ModelErrors, InputOfWrongRank) {
  Sequential model({LSTM{.units = 4}, Dense{.units = 1}});
  EXPECT_ERROR(model.predict(Tensor({32, 10})),
               ShapeError,
               "LSTM 'lstm': expected input of rank 3 (batch, time, features), got (None, 10). Add "
               "a time or a feature axis.");
}

TEST(ModelErrors, InputOfOtherFeatures) {
  Sequential model({LSTM{.units = 4}, Dense{.units = 1}});
  model.build({10, 2});
  EXPECT_ERROR(model.predict(Tensor({32, 10, 3})),
               ShapeError,
               "predict: x: expected samples of shape (10, 2), got (10, 3).");
}

TEST(ModelErrors, TargetsOfWrongSize) {
  const Data data = waves(4, 5);
  Sequential model = stock<LSTM>(3, 3, 5);
  EXPECT_ERROR(model.fit(data.x, Tensor({5})),
               ShapeError,
               "fit: y: expected 4 rows, as many as x, got (5,).");
  EXPECT_ERROR(model.fit(data.x, Tensor({4, 2})),
               ShapeError,
               "fit: y: expected 1 value a row for mean_squared_error on outputs of shape (1,), "
               "got (4, 2).");
}

TEST(ModelErrors, ValuesThatAreNotFinite) {
  Data data = waves(4, 5);
  data.x.at({2, 3, 0}) = std::numeric_limits<float>::quiet_NaN();
  Sequential model = stock<LSTM>(3, 3, 5);
  EXPECT_ERROR(model.fit(data.x, data.y),
               DataError,
               "fit: x: expected finite values, got nan in row 2, element 3. Clean or drop such "
               "rows.");
}

TEST(ModelErrors, OptionsOutOfRange) {
  EXPECT_ERROR(Sequential({LSTM{.units = 0}}),
               OptionError,
               "LSTM 'lstm': expected units at least 1, got 0.");
  EXPECT_ERROR(Sequential({Dropout{.rate = 1.0f}}),
               OptionError,
               "Dropout 'dropout': expected rate in [0, 1), got 1.");
  EXPECT_ERROR(Sequential({Dense{.units = 1, .name = "a"}, Dense{.units = 1, .name = "a"}}),
               OptionError,
               "sequential: expected a different name for each layer, got 'a' twice.");
  const Data data = waves(4, 5);
  Sequential model = stock<LSTM>(3, 3, 5);
  EXPECT_ERROR(model.fit(data.x, data.y, {.batch_size = 0}),
               OptionError,
               "fit: expected batch_size at least 1, got 0.");
}

TEST(ModelErrors, ClassNumberOutside) {
  Sequential model({Dense{.units = 3, .activation = "softmax"}});
  model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy"});
  EXPECT_THROW(model.fit(Tensor({2, 4}), Tensor({2}, {0, 3})), DataError);
}

TEST(ModelErrors, IdOutside) {
  Sequential model({Embedding{.input_dim = 5, .output_dim = 2}, SimpleRNN{.units = 3}});
  EXPECT_ERROR(model.predict(Tensor({1, 2}, {4, 5})),
               DataError,
               "Embedding, layer 0: expected ids 0 to 4, got 5. Raise input_dim or check the ids.");
}

}  // namespace
}  // namespace engram
