// SPDX-License-Identifier: Apache-2.0
/// Stateful layers: what they carry, what they refuse, equal bits on any number of threads and
/// after a stop. That they mean what Keras means is for tests/io/stateful_files_test.cpp.
#include <gtest/gtest.h>

#include <atomic>

#include "chapter_models.hpp"
#include "engram/engram.hpp"
#include "expect_error.hpp"
#include "io/same_model.hpp"
#include "stop_after.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

using testing_models::Data;

constexpr std::int64_t kRows = 40, kBatches = 4, kSteps = 6;  // more rows than a slice has

Data series() { return testing_models::waves(kRows * kBatches, kSteps); }

template <class Cell>
Sequential stateful_model() {
  set_random_seed(3);
  Sequential model({Input{.shape = {kSteps, 1}, .batch_size = kRows},
                    Cell{.units = 24, .return_sequences = true, .stateful = true},
                    Cell{.units = 20, .dropout = 0.2f, .recurrent_dropout = 0.2f, .stateful = true},
                    Dense{.units = 1}});
  model.compile({.optimizer = Adam{.learning_rate = 0.01f}, .loss = "mse"});
  return model;
}

FitOptions options(std::int64_t epochs) {
  return {.batch_size = kRows, .epochs = epochs, .shuffle = false};
}

template <class Cell>
class Stateful : public testing::Test {};

using Cells = testing::Types<SimpleRNN, LSTM, GRU>;
TYPED_TEST_SUITE(Stateful, Cells);

TYPED_TEST(Stateful, PartsOfASequenceGiveWhatTheWholeGives) {
  const Tensor x = testing_models::waves(kRows, 2 * kSteps).x;
  Sequential parts({Input{.shape = {kSteps, 1}, .batch_size = kRows},
                    TypeParam{.units = 24, .return_sequences = true, .stateful = true},
                    TypeParam{.units = 20, .stateful = true}});
  Sequential whole({Input{.shape = {2 * kSteps, 1}},
                    TypeParam{.units = 24, .return_sequences = true},
                    TypeParam{.units = 20}});
  whole.set_weights(parts.get_weights());
  Tensor halves({2 * kRows, kSteps, 1});
  for (std::int64_t i = 0; i < 2 * kRows; ++i) {
    for (std::int64_t t = 0; t < kSteps; ++t) {
      halves.at({i, t, 0}) = x.at({i % kRows, i / kRows * kSteps + t, 0});
    }
  }
  const Tensor last = parts.predict(halves, {.batch_size = kRows}).rows(kRows, 2 * kRows);
  EXPECT_TRUE(is_same(last, whole.predict(x)));
  Stream stream = parts.stream();  // begins with zeros, not with the model's states
  std::span<const float> stepped;
  for (std::int64_t t = 0; t < 2 * kSteps; ++t) {
    stepped = stream.step({&x.data()[t], 1});
  }
  EXPECT_NEAR(stepped[0], last.at({0, 0}), 1e-6);  // a row alone: products in another order
}

TYPED_TEST(Stateful, TrainsToTheSameBitsOnAnyNumberOfThreads) {
  std::vector<std::vector<Tensor>> results;
  for (const int count : {1, 2, 5}) {
    set_threads(count);
    Sequential model = stateful_model<TypeParam>();
    model.fit(series().x, series().y, options(2));
    results.push_back(model.get_weights());
    results.back().push_back(model.predict(series().x, {.batch_size = kRows}));
  }
  set_threads(0);
  EXPECT_TRUE(is_same(results[0], results[1]));
  EXPECT_TRUE(is_same(results[0], results[2]));
}

TYPED_TEST(Stateful, StoppedAfterAnyBatchEndsWithTheSameBits) {
  constexpr std::int64_t kEpochs = 2;
  Sequential expected = stateful_model<TypeParam>();
  expected.fit(series().x, series().y, options(kEpochs));
  for (std::int64_t stop_after = 1; stop_after < kEpochs * kBatches; ++stop_after) {
    SCOPED_TRACE(stop_after);
    const TemporaryFolder folder;
    Sequential model = stateful_model<TypeParam>();
    std::atomic<bool> stop = false;
    FitOptions first = options(kEpochs);
    first.stop = &stop;
    first.callbacks = {std::make_shared<StopAfter>(stop_after, stop)};
    model.fit(series().x, series().y, first);
    ASSERT_EQ(model.data().compiled->iterations, stop_after);
    model.predict(series().x, {.batch_size = kRows});  // carries on, but not into the training
    save_model(model, folder / "last.keras");
    Model loaded = load_model(folder / "last.keras");
    expect_same_model(loaded, model);
    FitOptions rest = options(kEpochs);
    rest.resume = true;
    for (Model* resumed : {static_cast<Model*>(&model), &loaded}) {
      resumed->fit(series().x, series().y, rest);
      expect_same_weights(resumed->data(), expected.data());
      EXPECT_EQ(resumed->data().states, expected.data().states);
    }
  }
}

TEST(Stateful, BackupKeepsTheStates) {
  const TemporaryFolder folder;
  Sequential expected = stateful_model<LSTM>();
  expected.fit(series().x, series().y, options(3));
  const BackupAndRestore backup{.backup_dir = folder / "backup"};
  std::atomic<bool> stop = false;
  Sequential stopped = stateful_model<LSTM>();
  FitOptions first = options(3);
  first.stop = &stop;
  first.callbacks = {std::make_shared<StopAfter>(kBatches + 2, stop), backup};
  stopped.fit(series().x, series().y, first);
  Sequential resumed = stateful_model<LSTM>();
  FitOptions rest = options(3);
  std::atomic<bool> never = false;
  rest.callbacks = {std::make_shared<StopAfter>(-1, never), backup};
  resumed.fit(series().x, series().y, rest);
  expect_same_weights(resumed.data(), expected.data());
}

TEST(Stateful, WithoutAnInputTakesTheFirstBatchSize) {
  Sequential model({SimpleRNN{.units = 2, .stateful = true}});
  EXPECT_EQ(model.batch_size(), std::nullopt);
  const Tensor x = testing_models::waves(8, 3).x;
  const Tensor first = model.predict(x, {.batch_size = 4});
  EXPECT_EQ(model.batch_size(), 4);
  const TemporaryFolder folder;
  save_model(model, folder / "m.keras");
  Model loaded = load_model(folder / "m.keras");
  EXPECT_EQ(loaded.batch_size(), 4);
  EXPECT_TRUE(is_same(loaded.predict(x, {.batch_size = 4}), first));
}

TEST(Stateful, GradientsLeaveTheStatesAlone) {
  Sequential model = stateful_model<GRU>();
  const Tensor x = series().x.rows(0, kRows);
  const Tensor first = model.predict(x);
  model.reset_states();
  EXPECT_TRUE(is_same(model.predict(x), first));
  EXPECT_FALSE(is_same(model.predict(x), first));
}

TEST(Stateful, RefusesWhatStatesCannotBeCarriedThrough) {
  Sequential model = stateful_model<LSTM>();
  const Data d = series();
  EXPECT_ERROR(model.fit(d.x, d.y, {.batch_size = kRows}),
               OptionError,
               "fit: expected shuffle = false for stateful layers, got true. A row's states go on "
               "in the same row of the next batch.");
  EXPECT_ERROR(model.fit(d.x.rows(0, 90), d.y.rows(0, 90), options(1)),
               ShapeError,
               "fit: expected batches of 40 rows, whose states are carried, got 90 rows in batches "
               "of 40. Set batch_size, and give a multiple of it as rows.");
  FitOptions validated = options(1);
  validated.validation_data = {d.x.rows(0, 30), d.y.rows(0, 30)};
  EXPECT_ERROR(model.fit(d.x, d.y, validated),
               ShapeError,
               "fit: validation_data: expected batches of 40 rows, whose states are carried, got "
               "30 rows in batches of 40. Set batch_size, and give a multiple of it as rows.");
  EXPECT_ERROR(model.predict(d.x),
               ShapeError,
               "predict: expected batches of 40 rows, whose states are carried, got 160 rows in "
               "batches of 256. Set batch_size, and give a multiple of it as rows.");
  EXPECT_ERROR(model.train_on_batch(d.x, d.y),
               ShapeError,
               "train_on_batch: expected batches of 40 rows, whose states are carried, got 160 "
               "rows in batches of 160. Set batch_size, and give a multiple of it as rows.");
  EXPECT_ERROR(Sequential({Input{.shape = {3, 1}}, GRU{.units = 2, .stateful = true}}),
               OptionError,
               "sequential: expected an Input with a batch_size, got stateful layers behind one "
               "without. States are carried for a fixed number of rows.");
  EXPECT_ERROR(
      Sequential({Input{.shape = {2, 3, 1}, .batch_size = 2},
                  TimeDistributed{.layer = GRU{.units = 2, .stateful = true}}}),
      OptionError,
      "TimeDistributed 'time_distributed': gru: expected a layer that is not stateful, got "
      "stateful = true. Steps that share a layer have no states to carry.");
  const KerasTensor a = Input{.shape = {3, 1}, .batch_size = 2};
  const KerasTensor b = Input{.shape = {3, 1}, .batch_size = 4};
  EXPECT_ERROR(Functional({a, b}, {Layer(GRU{.units = 2, .stateful = true})(Layer(Add{})({a, b}))}),
               OptionError,
               "InputLayer 'input_layer_1': expected batch_size 2, as another input, got 4.");
}

}  // namespace
}  // namespace engram
