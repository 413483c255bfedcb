// SPDX-License-Identifier: Apache-2.0
/// Training that is stopped, saved, loaded and continued ends with the bits of one that was not.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>

#include "engram/io.hpp"
#include "engram/runtime.hpp"
#include "io/same_model.hpp"
#include "model/chapter_models.hpp"
#include "model/stop_after.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

constexpr std::int64_t kEpochs = 5, kBatches = 4;  // of 16 rows, the last of 6

/// The chapter's model with dropout, small. Without an Input the file has one that the model lacks.
template <class Cell>
Model stock(bool has_input) {
  std::vector<Layer> layers = {
      Cell{.units = 4, .recurrent_dropout = 0.1f, .return_sequences = true},
      Dropout{.rate = 0.2f},
      Cell{.units = 3, .dropout = 0.3f},
      Dense{.units = 1}};
  if (has_input) {
    layers.insert(layers.begin(), Input{.shape = {6, 1}});
  }
  Sequential model(layers);
  model.compile({.optimizer = Adam{.learning_rate = 0.1f, .amsgrad = true},
                 .loss = "mse",
                 .metrics = {"mae", "root_mean_squared_error"}});
  return model;
}

/// What a training of 5 epochs is given; some epochs are not better than the one before.
FitOptions options(const TemporaryFolder& folder, bool resume = false) {
  const testing_models::Data test = testing_models::waves(9, 6);
  return {.batch_size = 16,
          .epochs = kEpochs,
          .callbacks = {EarlyStopping{.patience = 20, .restore_best_weights = true},
                        ModelCheckpoint{.filepath = folder / "best.keras", .save_best_only = true},
                        CSVLogger{.filename = folder / "history.csv"}},
          .validation_data = {test.x, test.y},
          .resume = resume};
}

/// Trains until `stop_after` batches, then goes on from a file in another model.
Model train_in_two(Model model, std::int64_t stop_after, const TemporaryFolder& folder) {
  const testing_models::Data data = testing_models::waves(54, 6);
  std::atomic<bool> stop = false;
  FitOptions first = options(folder);
  first.stop = &stop;
  first.callbacks.emplace_back(std::make_shared<StopAfter>(stop_after, stop));
  model.fit(data.x, data.y, first);
  EXPECT_EQ(model.data().compiled->iterations, stop_after);
  save_model(model, folder / "last.keras");

  Model loaded = load_model(folder / "last.keras");
  expect_same_model(loaded, model);
  FitOptions second = options(folder, true);
  std::atomic<bool> never = false;
  second.callbacks.emplace_back(std::make_shared<StopAfter>(-1, never));
  loaded.fit(data.x, data.y, second);
  return loaded;
}

template <class Cell>
void expect_same_bits(bool has_input) {
  const testing_models::Data data = testing_models::waves(54, 6);
  const TemporaryFolder whole;
  set_random_seed(7);
  Model expected = stock<Cell>(has_input);
  expected.fit(data.x, data.y, options(whole));
  const Model expected_best = load_model(whole / "best.keras");
  const std::vector<double>& losses = expected.data().training->history["val_loss"];
  ASSERT_FALSE(std::ranges::is_sorted(losses, std::greater<>())) << "each epoch is the best";
  for (std::int64_t stop_after = 1; stop_after < kEpochs * kBatches; ++stop_after) {
    SCOPED_TRACE(stop_after);
    const TemporaryFolder parts;
    set_random_seed(7);
    const Model actual = train_in_two(stock<Cell>(has_input), stop_after, parts);
    expect_same_weights(actual.data(), expected.data());
    expect_same_compiled(actual.data(), expected.data());
    EXPECT_TRUE(is_same(actual.data().training->history, expected.data().training->history));
    const Model best = load_model(parts / "best.keras");
    expect_same_weights(best.data(), expected_best.data());
    expect_same_compiled(best.data(), expected_best.data());
    EXPECT_EQ(parts.read("history.csv"), whole.read("history.csv"));
  }
}

TEST(Resume, OfASimpleRnnStoppedAfterAnyBatchEndsWithTheSameBits) {
  expect_same_bits<SimpleRNN>(true);
}

TEST(Resume, OfAnLstmStoppedAfterAnyBatchEndsWithTheSameBits) { expect_same_bits<LSTM>(true); }

TEST(Resume, OfAGruWithoutInputStoppedAfterAnyBatchEndsWithTheSameBits) {
  expect_same_bits<GRU>(false);
}

TEST(Resume, AfterTheLastEpochGoesOnAsInMemory) {
  const testing_models::Data data = testing_models::waves(54, 6);
  const TemporaryFolder folder;
  Model model = stock<LSTM>(false);
  FitOptions fit = options(folder);
  fit.epochs = 2;
  model.fit(data.x, data.y, fit);
  save_model(model, folder / "last.keras");
  Model loaded = load_model(folder / "last.keras");

  const History a = model.fit(data.x, data.y, options(folder, true));
  const History b = loaded.fit(data.x, data.y, options(folder, true));

  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.epoch.size(), 5u);
  expect_same_model(loaded, model);
}

}  // namespace
}  // namespace engram
