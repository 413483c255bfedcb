// SPDX-License-Identifier: Apache-2.0
/// The same bits on any number of threads, and after any stop and resume.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "chapter_models.hpp"
#include "engram/callbacks.hpp"
#include "engram/runtime.hpp"
#include "model/model_data.hpp"
#include "stop_after.hpp"

namespace engram {
namespace {

using testing_models::Data;
using testing_models::waves;

/// Large enough that more than one thread works, with every kind of dropout.
template <class Cell>
Sequential dropout_model() {
  set_random_seed(11);
  Sequential model({Input{.shape = {12, 1}},
                    Cell{.units = 24, .dropout = 0.1f, .return_sequences = true},
                    Dropout{.rate = 0.2f},
                    Cell{.units = 20, .recurrent_dropout = 0.25f},
                    Dense{.units = 1}});
  model.compile({.optimizer = Adam{}, .loss = "mse", .metrics = {"mae"}});
  return model;
}

struct Outcome {
  std::vector<Tensor> weights;
  std::map<std::string, std::vector<double>> history;
  std::vector<std::vector<float>> slots;

  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(Model& model, const History& history) {
  Outcome outcome{.weights = model.get_weights(), .history = history.history};
  for (const AlignedFloats& slot : model.data().compiled->slots) {
    outcome.slots.emplace_back(slot.span().begin(), slot.span().end());
  }
  return outcome;
}

const Data& data() {
  static const Data data = waves(150, 12);
  return data;
}

FitOptions options_of(std::int64_t epochs) {
  return {.batch_size = 64,
          .epochs = epochs,
          .validation_data = {data().x.rows(0, 20), data().y.rows(0, 20)}};
}

template <class Cell>
Outcome train_with_threads(int count) {
  set_threads(count);
  Sequential model = dropout_model<Cell>();
  const History history = model.fit(data().x, data().y, options_of(3));
  set_threads(0);
  return outcome_of(model, history);
}

template <class Cell>
class Determinism : public testing::Test {};

using Cells = testing::Types<SimpleRNN, LSTM, GRU>;
TYPED_TEST_SUITE(Determinism, Cells);

TYPED_TEST(Determinism, SameBitsOnAnyNumberOfThreads) {
  const Outcome one = train_with_threads<TypeParam>(1);
  for (const int count : {2, 3, 8}) {
    EXPECT_EQ(train_with_threads<TypeParam>(count), one) << count << " threads";
  }
}

/// One slice of a large layer: its products and passes are cut among the threads.
template <class Cell>
Outcome train_large_layer(int count) {
  set_threads(count);
  set_random_seed(5);
  Sequential model({Input{.shape = {6, 8}},
                    Cell{.units = 640,
                         .recurrent_initializer = Initializer("glorot_uniform"),
                         .recurrent_dropout = 0.1f},
                    Dense{.units = 1}});
  model.compile({.optimizer = SGD{.learning_rate = 0.01f}, .loss = "mse"});
  const Data& small = data();
  const History history =
      model.fit(small.x.rows(0, 40).reshaped({10, 6, 8}), small.y.rows(0, 10), {.batch_size = 3});
  // The update of a batch has no more than 5: sums, steps, packing.
  EXPECT_TRUE(count == 1 || model.data().workers->loops() > 4 * 10) << "nothing was shared";
  set_threads(0);
  return outcome_of(model, history);
}

TYPED_TEST(Determinism, SameBitsWhereThreadsShareASlice) {
  const Outcome one = train_large_layer<TypeParam>(1);
  for (const int count : {2, 3, 8}) {
    EXPECT_EQ(train_large_layer<TypeParam>(count), one) << count << " threads";
  }
}

TYPED_TEST(Determinism, SameBitsRunToRun) {
  EXPECT_EQ(train_with_threads<TypeParam>(2), train_with_threads<TypeParam>(2));
}

TYPED_TEST(Determinism, SameBitsAfterStopAndResumeAnywhere) {
  Sequential whole = dropout_model<TypeParam>();
  const Outcome expected = outcome_of(whole, whole.fit(data().x, data().y, options_of(7)));
  for (std::int64_t batches = 1; batches <= 20; ++batches) {  // an epoch has 3
    Sequential model = dropout_model<TypeParam>();
    std::atomic<bool> stop = false;
    FitOptions options = options_of(7);
    options.stop = &stop;
    options.callbacks = {std::make_shared<StopAfter>(batches, stop)};
    model.fit(data().x, data().y, options);
    ASSERT_EQ(model.data().compiled->iterations, batches);
    FitOptions rest = options_of(7);
    rest.resume = true;
    const History history = model.fit(data().x, data().y, rest);
    EXPECT_EQ(outcome_of(model, history), expected) << "stopped after " << batches << " batches";
  }
}

TYPED_TEST(Determinism, EpochsInPiecesGiveTheSameBits) {
  Sequential whole = dropout_model<TypeParam>();
  const Outcome expected = outcome_of(whole, whole.fit(data().x, data().y, options_of(4)));
  Sequential model = dropout_model<TypeParam>();
  History history;
  for (std::int64_t epochs = 1; epochs <= 4; ++epochs) {
    FitOptions options = options_of(epochs);
    options.resume = true;
    history = model.fit(data().x, data().y, options);
  }
  EXPECT_EQ(outcome_of(model, history), expected);
}

}  // namespace
}  // namespace engram
