// SPDX-License-Identifier: Apache-2.0
/// BackupAndRestore: a training that was stopped, or killed, begins where its file says.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>

#include "engram/error.hpp"
#include "engram/io.hpp"
#include "engram/runtime.hpp"
#include "expect_error.hpp"
#include "io/same_model.hpp"
#include "model/chapter_models.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

using Names = std::vector<std::string>;

/// Calls a function after each batch, counted over all epochs.
class EachBatch final : public Callback {
 public:
  explicit EachBatch(std::function<void(std::int64_t)> call) : call_(std::move(call)) {}

  void on_train_batch_end(std::int64_t, const Logs&) override { call_(++batches_); }

 private:
  std::int64_t batches_ = 0;
  std::function<void(std::int64_t)> call_;
};

struct Killed {};

/// Trainings of 4 epochs of 3 batches in one folder.
class Backup : public ::testing::Test {
 protected:
  static Sequential make(const char* activation = "tanh") {
    set_random_seed(3);
    Sequential model({Input{.shape = {5, 1}},
                      GRU{.units = 3, .activation = Activation(activation), .dropout = 0.2f},
                      Dense{.units = 1}});
    model.compile({.optimizer = RMSprop{.learning_rate = 0.02f, .momentum = 0.5f}, .loss = "mse"});
    return model;
  }

  static Model trained(std::int64_t epochs = 4) {
    Model model = make();
    model.fit(data_.x, data_.y, {.epochs = epochs});
    return model;
  }

  History train(
      Model& model,
      BackupAndRestore backup,
      const std::function<void(std::int64_t)>& each_batch = [](std::int64_t) {}) {
    backup.backup_dir = folder_ / "backup";
    stop_ = false;
    return model.fit(data_.x,
                     data_.y,
                     {.epochs = 4,
                      .callbacks = {backup, std::make_shared<EachBatch>(each_batch)},
                      .stop = &stop_});
  }

  /// Expects that a new model, trained with the file that is there, ends as one never stopped.
  void expect_goes_on() {
    Model model = make();
    train(model, {});
    const Model expected = trained();
    expect_same_weights(model.data(), expected.data());
    expect_same_compiled(model.data(), expected.data());
    EXPECT_TRUE(is_same(model.data().training->history, expected.data().training->history));
  }

  static inline const testing_models::Data data_ = testing_models::waves(70, 5);
  TemporaryFolder folder_;
  std::string file_ = folder_ / "backup/latest.keras";
  std::atomic<bool> stop_ = false;
};

TEST_F(Backup, GoesOnAfterAnInterruption) {
  for (const std::int64_t batch : {1, 2, 3, 4, 6, 7, 11}) {
    SCOPED_TRACE(batch);
    Model model = make();
    EXPECT_TRUE(train(model, {}, [&](std::int64_t done) { stop_ = done >= batch; }).is_interrupted);
    expect_goes_on();
  }
}

TEST_F(Backup, GoesOnFromTheLastEpochAfterAKill) {
  Model model = make();
  EXPECT_THROW(train(model,
                     {},
                     [](std::int64_t batch) {
                       if (batch == 8) {
                         throw Killed();
                       }
                     }),
               Killed);
  EXPECT_EQ(load_model(file_).data().training->epoch, 2);
  expect_goes_on();
}

TEST_F(Backup, DeletesTheFileWhenTrainingEndsUnlessToldNotTo) {
  Model model = make();
  train(model, {});
  EXPECT_FALSE(std::filesystem::exists(file_));
  Model other = make();
  train(other, {.delete_checkpoint = false});
  expect_same_model(load_model(file_), other);
}

TEST_F(Backup, LeavesTheSeedsOfLaterModels) {
  const auto next_seed = [&] {
    Model model = make();
    train(model, {.delete_checkpoint = false});
    return Model().data().seed;
  };
  const std::uint64_t first = next_seed();
  EXPECT_EQ(next_seed(), first);  // now with a file to begin from
}

TEST_F(Backup, BeginsAnewWithoutRestore) {
  Model model = make();
  train(model, {.delete_checkpoint = false});
  Model other = make();
  const History history = train(other, {.restore = false, .delete_checkpoint = false});
  EXPECT_EQ(history.epoch.size(), 4u);
  EXPECT_EQ(other.data().compiled->iterations, 12);
}

TEST_F(Backup, WithFinishedTrainingsFileTrainsNoMore) {
  Model model = make();
  train(model, {.delete_checkpoint = false});
  Model other = make();
  const History history = train(other, {.delete_checkpoint = false}, [](std::int64_t) { FAIL(); });
  EXPECT_EQ(history.epoch.size(), 4u);
  expect_same_model(other, model);
}

TEST_F(Backup, DeferredIsWrittenWhenTrainingEnds) {
  Model model = make();
  train(model, {.delete_checkpoint = false, .min_seconds = 1000}, [&](std::int64_t) {
    EXPECT_FALSE(std::filesystem::exists(file_));
  });
  expect_same_model(load_model(file_), model);
  std::filesystem::remove(file_);
  Model other = make();
  train(other, {.min_seconds = 1000}, [&](std::int64_t batch) { stop_ = batch == 6; });
  expect_goes_on();
}

TEST_F(Backup, RefusesAnotherModelsFile) {
  Model model = make("relu");
  train(model, {.delete_checkpoint = false});
  const std::string text =
      file_ +
      ": expected the layers and optimizer of the model being trained, got others. Remove the file "
      "to begin anew.";
  Model other = make();
  EXPECT_ERROR(train(other, {}), StateError, text.c_str());

  Model same = make("relu");
  same.compile({.optimizer = RMSprop{.centered = true}, .loss = "mse"});
  EXPECT_ERROR(train(same, {}), StateError, text.c_str());
  same.compile({.optimizer = "adam", .loss = "mse"});
  EXPECT_ERROR(train(same, {}), StateError, text.c_str());

  save_model(make("relu"), file_);  // without a training to go on from
  Model again = make("relu");
  EXPECT_ERROR(train(again, {}), StateError, text.c_str());
}

TEST_F(Backup, RefusesADamagedFile) {
  std::filesystem::create_directory(folder_ / "backup");
  folder_.write("backup/latest.keras", "no zip");
  Model model = make();
  EXPECT_THROW(train(model, {}), FileError);
  EXPECT_EQ(folder_.read("backup/latest.keras"), "no zip");
}

TEST_F(Backup, KeepsTheLastFiniteState) {
  Model model = make();
  train(model, {.delete_checkpoint = false}, [&](std::int64_t batch) {
    if (batch == 8) {
      std::vector<Tensor> weights = model.get_weights();
      weights[0].values()[0] = NAN;
      model.set_weights(weights);
    }
  });
  EXPECT_EQ(load_model(file_).data().training->epoch, 2);
  expect_goes_on();
}

TEST_F(Backup, KeepsTheLastStateOfFiniteSlots) {
  Model model = make();
  train(model, {.delete_checkpoint = false}, [&](std::int64_t batch) {
    if (batch == 8) {  // an overflow: the weights stay finite
      model.data().compiled->slots[0].data()[0] = std::numeric_limits<float>::infinity();
    }
  });
  EXPECT_EQ(load_model(file_).data().training->epoch, 2);
}

TEST_F(Backup, RefusesAFilenameOfAnotherKind) {
  EXPECT_ERROR(AnyCallback(BackupAndRestore{.backup_dir = "b", .filename = "latest.h5"}),
               OptionError,
               "BackupAndRestore: expected a filename that ends in .keras, got 'latest.h5'.");
}

}  // namespace
}  // namespace engram
