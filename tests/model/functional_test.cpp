// SPDX-License-Identifier: Apache-2.0
/// Graphs of layers built in code; tests/io/graph_files_test.cpp compares graphs with Keras.
#include <gtest/gtest.h>

#include "chapter_models.hpp"
#include "engram/error.hpp"
#include "engram/functional.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/gru.hpp"
#include "engram/layers/input.hpp"
#include "engram/layers/lstm.hpp"
#include "engram/layers/masking.hpp"
#include "engram/layers/merging.hpp"
#include "engram/layers/reversible_embedding.hpp"
#include "engram/runtime.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"

namespace engram {
namespace {

using testing_models::waves;

/// Two sequences through one LSTM, joined and read apart.
Functional siamese() {
  const KerasTensor a = Input{.shape = {5, 2}}, b = Input{.shape = {5, 2}};
  const Layer shared = LSTM{.units = 3, .name = "shared"};
  const KerasTensor x = shared(a), y = shared(b);
  const KerasTensor both = Layer(Concatenate{})({x, y});
  Functional model(
      {a, b},
      {Layer(Dense{.units = 1, .name = "near"})(both), Layer(Dense{.units = 2, .name = "far"})(x)});
  model.compile({.optimizer = Adam{}, .losses = {"mse", "mae"}, .loss_weights = {1.0f, 0.25f}});
  return model;
}

const std::vector<Tensor>& inputs() {
  static const std::vector<Tensor> x = {waves({37, 5, 2}, 0.7f), waves({37, 5, 2}, 1.3f)};
  return x;
}

const std::vector<Tensor>& targets() {
  static const std::vector<Tensor> y = {waves({37, 1}, 0.3f), waves({37, 2}, 2.1f)};
  return y;
}

TEST(Functional, ALineIsTheSequentialModel) {
  const KerasTensor x = Input{.shape = {5, 2}};
  Functional graph({x}, {Layer(Dense{.units = 1})(Layer(LSTM{.units = 3})(x))});
  Sequential line({Input{.shape = {5, 2}}, LSTM{.units = 3}, Dense{.units = 1}});
  line.set_weights(graph.get_weights());
  for (Model* model : {static_cast<Model*>(&graph), static_cast<Model*>(&line)}) {
    model->compile({.optimizer = Adam{}});
    model->fit(inputs()[0], targets()[0], {.batch_size = 8, .epochs = 2, .shuffle = false});
  }

  EXPECT_EQ(graph.get_weights(), line.get_weights());
}

TEST(Functional, ALayerCalledTwiceHasItsWeightsOnce) {
  const Functional model = siamese();

  EXPECT_EQ(model.weights().size(), 7u);  // shared 3, near 2, far 2
  EXPECT_EQ(model.count_params(), 4 * 3 * (2 + 3 + 1) + 7 + 8);
}

TEST(Functional, AnEmbeddingInReverseIsItsTableTransposed) {
  const Layer table = ReversibleEmbedding{.input_dim = 5, .output_dim = 2};
  const KerasTensor ids = Input{.shape = {3}};
  const KerasTensor vectors = table(ids);
  Functional model({ids}, {vectors, table(vectors, {.reverse = true})});

  const std::vector<Tensor> y = model.predict(std::vector{Tensor({1, 3}, {4, 0, 2})});

  ASSERT_EQ(model.weights().size(), 1u);
  const Tensor weights = model.get_weights()[0];
  const std::span<const float> w = weights.values();
  EXPECT_EQ(y[1].shape(), (Shape{1, 3, 5}));
  for (std::size_t word = 0; word < 5; ++word) {
    EXPECT_NEAR(y[1].values()[word], w[8] * w[2 * word] + w[9] * w[2 * word + 1], 1e-7);  // of id 4
  }
}

TEST(Functional, HistoryNamesEachOutput) {
  Functional model = siamese();

  // One batch: of several, Keras weighs the whole loss by rows and those of the outputs not.
  const History history = model.fit(inputs(), targets(), {.batch_size = 37, .epochs = 1});

  const auto value = [&](const char* name) { return history.history.at(name).at(0); };
  EXPECT_EQ(history.history.size(), 3u);
  EXPECT_DOUBLE_EQ(value("loss"), value("near_loss") + 0.25 * value("far_loss"));
}

TEST(Functional, GradientsAreTheSameBitsOnAnyThreads) {
  std::vector<std::vector<Tensor>> weights;
  for (const int count : {1, 2, 5}) {
    set_threads(count);
    set_random_seed(7);
    Functional model = siamese();
    model.fit(inputs(), targets(), {.batch_size = 37, .epochs = 3});
    weights.push_back(model.get_weights());
  }
  set_threads(0);

  EXPECT_EQ(weights[0], weights[1]);
  EXPECT_EQ(weights[0], weights[2]);
}

TEST(Functional, LearnsFromSharesOfAllConsumers) {
  // The loss falls along the gradient by what the gradient says.
  Functional model = siamese();
  model.compile({.optimizer = SGD{.learning_rate = 1e-3f}, .losses = {"mse", "mse"}});
  const std::vector<Tensor> before = model.get_weights();
  const double loss = model.evaluate(inputs(), targets())[0].second;
  model.train_on_batch(inputs(), targets());
  const std::vector<Tensor> after = model.get_weights();
  double squares = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    for (std::size_t k = 0; k < before[i].values().size(); ++k) {
      squares += std::pow((after[i].values()[k] - before[i].values()[k]) / 1e-3, 2);
    }
  }

  const double fall = loss - model.evaluate(inputs(), targets())[0].second;

  // First order in the step: the curvature changes a step of 1e-3 by some percents.
  EXPECT_NEAR(fall / (1e-3 * squares), 1.0, 0.05);
}

TEST(Functional, ALayerWithInitialStatesDoesNotSeeTheMaskButHandsItOn) {
  const auto predicted = [](bool is_masked, bool reads_result) {
    set_random_seed(3);
    const KerasTensor a = Input{.shape = {5, 2}}, h = Input{.shape = {3}};
    const KerasTensor x = is_masked ? Layer(Masking{})(a) : a;
    KerasTensor y = Layer(GRU{.units = 3, .return_sequences = true, .name = "gru"})({x, h});
    if (reads_result) {
      y = Layer(GRU{.units = 3, .name = "reader"})(y);
    }
    Functional model({a, h}, {y});
    std::vector<Tensor> weights = model.get_weights();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      weights[i] = waves(weights[i].shape(), 0.7f * static_cast<float>(i + 1));
    }
    model.set_weights(weights);
    Tensor series = inputs()[0];
    std::fill_n(series.data() + 4, 2, 0.0f);  // step 2 of row 0
    return model.predict({series, waves({37, 3}, 0.9f)})[0];
  };

  EXPECT_EQ(predicted(true, false), predicted(false, false));
  EXPECT_NE(predicted(true, true), predicted(false, true));
}

TEST(Functional, RefusesGraphsThatDoNotHang) {
  const KerasTensor a = Input{.shape = {3}}, b = Input{.shape = {4}};
  const KerasTensor y = Layer(Dense{.units = 1})(b);
  EXPECT_ERROR(
      Functional({a}, {y}),
      OptionError,
      "functional: expected outputs that follow from the inputs of the model, got one that "
      "needs another Input of shape (4,). Keep each Input as a KerasTensor and list all of "
      "them.");
  EXPECT_ERROR(
      Functional({y}, {y}),
      OptionError,
      "functional: expected inputs that come from an Input, got Dense. Keep each Input as a "
      "KerasTensor and list all of them.");
  EXPECT_ERROR(Layer(Add{})({a, b}),
               ShapeError,
               "Add 'add': expected inputs of shapes that fit, got (3,) and (4,).");
  EXPECT_ERROR(
      Layer(Concatenate{.axis = 0})({a, a}),
      OptionError,
      "Concatenate 'concatenate': expected an axis of (3,) that is not the batch's, got 0.");
  EXPECT_ERROR(y.output(1), OptionError, "dense: expected an output below 1, got 1.");
  Functional model = siamese();
  EXPECT_ERROR(model.predict(inputs()[0]),
               ShapeError,
               "predict: x: expected 2 arrays, got 1. Give one for each input of the model.");
  EXPECT_ERROR(model.compile({.losses = {"mse"}}),
               OptionError,
               "compile: expected losses of 2 outputs, got 1.");
}

TEST(Functional, LinesHaveNoPlaceForStates) {
  Sequential model({LSTM{.units = 2, .return_state = true}});

  EXPECT_ERROR(model.build({3, 1}),
               OptionError,
               "sequential: LSTM 'lstm': expected layers of one input and one output, got one with "
               "states. Use Functional.");
}

TEST(Functional, StatesBeginWhereAnotherLayerEnds) {
  const KerasTensor whole = Input{.shape = {6, 2}};
  const KerasTensor first = Input{.shape = {4, 2}}, rest = Input{.shape = {2, 2}};
  const Layer lstm = LSTM{.units = 3, .return_state = true};
  Functional once({whole}, {lstm(whole)});
  const KerasTensor begun = lstm(first);
  Functional split({first, rest}, {lstm({rest, begun.output(1), begun.output(2)})});
  split.set_weights(once.get_weights());
  const Tensor x = waves({3, 6, 2}, 0.9f);
  Tensor x_first({3, 4, 2}), x_rest({3, 2, 2});
  for (std::int64_t row = 0; row < 3; ++row) {
    std::copy_n(x.data() + row * 12, 8, x_first.data() + row * 8);
    std::copy_n(x.data() + row * 12 + 8, 4, x_rest.data() + row * 4);
  }

  EXPECT_EQ(split.predict({x_first, x_rest})[0], once.predict(x));
}

}  // namespace
}  // namespace engram
