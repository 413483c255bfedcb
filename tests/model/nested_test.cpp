// SPDX-License-Identifier: Apache-2.0
/// Models as layers of models, and RNN of cells, against the same layers in one line. That they
/// mean what Keras means is for tests/io/graph_files_test.cpp.
#include <gtest/gtest.h>

#include "chapter_models.hpp"
#include "engram/engram.hpp"
#include "expect_error.hpp"
#include "io/archive.hpp"
#include "io/same_model.hpp"
#include "model/batches.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

constexpr std::int64_t kSteps = 6;

Sequential encoder() {
  return Sequential({Input{.shape = {kSteps, 1}},
                     LSTM{.units = 5, .return_sequences = true},
                     TimeDistributed{.layer = Dense{.units = 3, .activation = "tanh"}}},
                    "encoder");
}

std::vector<std::string> paths(const Model& model) {
  std::vector<std::string> all;
  for (const WeightInfo& weight : model.weights()) {
    all.push_back(weight.path);
  }
  return all;
}

TEST(NestedModel, TrainsAsTheSameLayersInOneLine) {
  const testing_models::Data data = testing_models::waves(40, kSteps);
  Sequential nested({encoder(), GRU{.units = 4}, Dense{.units = 1}});
  Sequential flat({LSTM{.units = 5, .return_sequences = true},
                   TimeDistributed{.layer = Dense{.units = 3, .activation = "tanh"}},
                   GRU{.units = 4},
                   Dense{.units = 1}});
  for (Model* model : {static_cast<Model*>(&nested), static_cast<Model*>(&flat)}) {
    model->build({kSteps, 1});
    model->compile({.optimizer = Adam{}, .loss = "mse"});
    model->data().seed = 4;
  }
  flat.set_weights(nested.get_weights());
  nested.fit(data.x, data.y, {.batch_size = 20, .epochs = 2});
  flat.fit(data.x, data.y, {.batch_size = 20, .epochs = 2});
  EXPECT_TRUE(is_same(nested.get_weights(), flat.get_weights()));
  EXPECT_TRUE(is_same(nested.predict(data.x), flat.predict(data.x)));
  EXPECT_EQ(paths(nested)[0], "encoder/lstm/lstm_cell/kernel");
  Stream stream = nested.stream(), same = flat.stream();
  for (std::int64_t t = 0; t < kSteps; ++t) {
    EXPECT_EQ(stream.step({data.x.data() + t, 1})[0], same.step({data.x.data() + t, 1})[0]);
  }
}

TEST(NestedModel, BeginsWithACopyOfItsWeights) {
  const Tensor x = testing_models::waves(4, kSteps).x;
  Sequential inner = encoder();
  Sequential unbuilt({inner});
  Sequential deep({unbuilt, Flatten{}});
  Sequential flat({inner, Flatten{}});
  EXPECT_TRUE(is_same(deep.predict(x), flat.predict(x)));
  EXPECT_TRUE(is_same(deep.get_weights(), inner.get_weights()));
  std::vector<Tensor> zeros;
  for (const Tensor& weight : inner.get_weights()) {
    zeros.emplace_back(weight.shape());
  }
  inner.set_weights(zeros);
  EXPECT_FALSE(is_same(deep.get_weights(), inner.get_weights()));
}

TEST(NestedModel, CalledTwiceHasItsWeightsOnce) {
  const KerasTensor x = Input{.shape = {kSteps, 1}}, y = Input{.shape = {kSteps, 1}};
  const Layer shared = encoder();
  Functional model({x, y}, {Layer(Add{})({shared(x), shared(y)})});
  EXPECT_EQ(model.get_weights().size(), 5u);
  EXPECT_EQ(model.layers()[2].class_name, "Sequential");
  EXPECT_EQ(model.layers()[2].output_shape, (Shape{-1, kSteps, 3}));
  const Tensor data = testing_models::waves(3, kSteps).x;
  Sequential once({shared});
  once.build({kSteps, 1});
  const Tensor one = once.predict(data), sum = model.predict({data, data})[0];
  for (std::size_t i = 0; i < one.values().size(); ++i) {
    EXPECT_EQ(sum.values()[i], 2 * one.values()[i]);
  }
}

TEST(NestedModel, StatefulLayersInsideCarryTheirStates) {
  const Tensor x = testing_models::waves(8, kSteps).x;
  const LSTM cell{.units = 5, .stateful = true};
  Sequential flat({Input{.shape = {kSteps, 1}, .batch_size = 4},
                   GRU{.units = 3, .return_sequences = true, .stateful = true},
                   cell});
  Sequential inner({cell});
  Sequential nested({Input{.shape = {kSteps, 1}, .batch_size = 4},
                     GRU{.units = 3, .return_sequences = true, .stateful = true},
                     inner});
  nested.set_weights(flat.get_weights());
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT_TRUE(is_same(nested.predict(x, {.batch_size = 4}), flat.predict(x, {.batch_size = 4})));
  }
}

TEST(NestedModel, IsRefusedWhereItDoesNotFit) {
  EXPECT_ERROR(Sequential({Input{.shape = {kSteps, 2}}, encoder()}),
               ShapeError,
               "Sequential 'encoder': expected samples of shape (6, 1), got (6, 2).");
  EXPECT_ERROR(Sequential({Input{.shape = {2, kSteps, 1}}, TimeDistributed{.layer = encoder()}}),
               OptionError,
               "TimeDistributed 'time_distributed': encoder: expected a layer, got a model.");
  EXPECT_ERROR(Sequential({encoder(), encoder()}),
               OptionError,
               "sequential: expected a different name for each layer, got 'encoder' twice.");
}

TEST(NestedModel, LiesAtMostFourDeep) {
  const TemporaryFolder folder;
  Layer nested = LSTM{.units = 2, .return_sequences = true};
  for (int depth = 0; depth <= 4; ++depth) {
    Sequential around({Input{.shape = {3, 2}}, nested}, "model_" + std::to_string(depth));
    save_model(around, folder / "m.keras");
    expect_same_model(load_model(folder / "m.keras"), around);
    if (depth < 4) {
      nested = around;
    } else {
      EXPECT_ERROR(nested = around,
                   OptionError,
                   "model_4: expected models within models at most 4 deep, got more.");
    }
  }
}

TEST(RNN, OfACellIsItsLayer) {
  const testing_models::Data data = testing_models::waves(40, kSteps);
  const auto train = [&](const Layer& layer) {
    set_random_seed(5);
    Sequential model({Input{.shape = {kSteps, 1}}, layer, Dense{.units = 1}});
    model.compile({.optimizer = Adam{}, .loss = "mse"});
    model.fit(data.x, data.y, {.batch_size = 20, .epochs = 2});
    return model.get_weights();
  };
  EXPECT_TRUE(is_same(train(RNN{.cell = LSTMCell{.units = 7}}), train(LSTM{.units = 7})));
  EXPECT_TRUE(is_same(train(RNN{.cell = GRUCell{.units = 7, .reset_after = false}}),
                      train(GRU{.units = 7, .reset_after = false})));
  EXPECT_TRUE(is_same(train(RNN{.cell = SimpleRNNCell{.units = 7}}), train(SimpleRNN{.units = 7})));
}

TEST(RNN, OfStackedCellsIsAStackOfLayers) {
  const Tensor x = testing_models::waves(40, kSteps).x;
  Sequential stacked(
      {RNN{.cell = StackedRNNCells{.cells = {LSTMCell{.units = 5}, LSTMCell{.units = 3}}}}});
  Sequential layers({LSTM{.units = 5, .return_sequences = true}, LSTM{.units = 3}});
  stacked.build({kSteps, 1});
  layers.build({kSteps, 1});
  layers.set_weights(stacked.get_weights());
  EXPECT_TRUE(is_same(stacked.predict(x), layers.predict(x)));
  EXPECT_EQ(paths(stacked)[3], "rnn/stacked_rnn_cells/lstm_cell_1/kernel");
  Stream stream = stacked.stream(), same = layers.stream();
  for (std::int64_t t = 0; t < kSteps; ++t) {
    EXPECT_EQ(stream.step({x.data() + t, 1})[2], same.step({x.data() + t, 1})[2]);
  }
}

TEST(RNN, RefusesWhatIsNoCell) {
  const auto build = [](const RNN& rnn) { Sequential({Input{.shape = {3, 1}}, rnn}); };
  EXPECT_ERROR(build({}), OptionError, "RNN 'rnn': expected a cell, got none.");
  EXPECT_ERROR(build({.cell = LSTM{.units = 2}}),
               OptionError,
               "RNN 'rnn': expected a cell: SimpleRNNCell, LSTMCell or GRUCell, got LSTM.");
  EXPECT_ERROR(build({.cell = LSTMCell{}}),
               OptionError,
               "RNN 'rnn': lstm_cell: expected units at least 1, got 0.");
  EXPECT_ERROR(
      build({.cell = StackedRNNCells{}}), OptionError, "RNN 'rnn': expected 1 to 10 cells, got 0.");
  EXPECT_ERROR(Sequential({Input{.shape = {1}}, GRUCell{.units = 2}}),
               OptionError,
               "GRUCell 'gru_cell': expected a layer, got a cell, which takes one step. Run it by "
               "RNN{.cell = ...}.");
}

}  // namespace
}  // namespace engram
