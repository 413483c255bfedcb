// SPDX-License-Identifier: Apache-2.0
/// ModelCheckpoint: which epochs it keeps, under which names, and how often it writes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

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

/// A callback on a model whose one weight tells the epoch, as fit would call it.
class Watched {
 public:
  explicit Watched(const ModelCheckpoint& options) : callback_(options) {
    model.compile({.optimizer = SGD{.momentum = 0.5f}, .loss = "mse"});
    callback_->set_model(model);
    callback_->set_output([this](const std::string& t) { text += t; });
    callback_->on_train_begin();
  }

  void epoch(std::int64_t number, const Logs& logs) {
    model.set_weights({Tensor({1, 1}, {static_cast<float>(number)}), Tensor({1})});
    model.data().compiled->slots[0].data()[0] = static_cast<float>(10 + number);
    model.data().compiled->iterations = number;
    callback_->on_epoch_end(number, logs);
  }

  void epochs(const std::vector<double>& losses) {
    for (std::size_t i = 0; i < losses.size(); ++i) {
      epoch(static_cast<std::int64_t>(i), {{"loss", 2 * losses[i]}, {"val_loss", losses[i]}});
    }
  }

  Callback& callback() { return *callback_; }

  Sequential model = Sequential({Input{.shape = {1}}, Dense{.units = 1}});
  std::string text;

 private:
  AnyCallback callback_;
};

Names sorted_names(const TemporaryFolder& folder) {
  Names names = folder.names();
  std::sort(names.begin(), names.end());
  return names;
}

float epoch_in(const std::string& path) { return load_model(path).get_weights()[0].values()[0]; }

TEST(ModelCheckpoint, SavesEachEpochUnderItsName) {
  const TemporaryFolder folder;
  Watched run({.filepath = folder / "sub/{epoch:02d}-{val_loss:.4f}-{loss}.keras"});
  run.epochs({0.5, 0.123456});
  EXPECT_EQ(epoch_in(folder / "sub/01-0.5000-1.keras"), 0);
  EXPECT_EQ(epoch_in(folder / "sub/02-0.1235-0.246912.keras"), 1);
}

TEST(ModelCheckpoint, SavesTheBestOnly) {
  const TemporaryFolder folder;
  Watched run({.filepath = folder / "best.keras", .verbose = 1, .save_best_only = true});
  run.epochs({3, 1, 2, 1, NAN});
  EXPECT_EQ(epoch_in(folder / "best.keras"), 1);
  const std::string path = folder / "best.keras";
  EXPECT_EQ(run.text,
            "\nEpoch 1: val_loss improved from None to 3.00000, saving model to " + path +
                "\n\nEpoch 1: finished saving model to " + path +
                "\n\nEpoch 2: val_loss improved from 3.00000 to 1.00000, saving model to " + path +
                "\n\nEpoch 2: finished saving model to " + path +
                "\n\nEpoch 3: val_loss did not improve from 1.00000\n"
                "\nEpoch 4: val_loss did not improve from 1.00000\n"
                "\nEpoch 5: val_loss did not improve from 1.00000\n");
}

TEST(ModelCheckpoint, ModeAndThresholdSayWhatIsBetter) {
  const TemporaryFolder folder;
  Watched higher({.filepath = folder / "m.keras", .save_best_only = true, .mode = "max"});
  higher.epochs({1, 3, 2});
  EXPECT_EQ(epoch_in(folder / "m.keras"), 1);
  Watched threshold(
      {.filepath = folder / "t.keras", .save_best_only = true, .initial_value_threshold = 0.5});
  threshold.epochs({1, 0.6});
  EXPECT_EQ(sorted_names(folder), Names{"m.keras"});
}

TEST(ModelCheckpoint, WithoutTheMonitorSavesAsKeras) {
  const TemporaryFolder folder;
  Watched run({.filepath = folder / "m.keras", .save_best_only = true});
  run.epoch(0, {{"loss", 1}});
  EXPECT_EQ(epoch_in(folder / "m.keras"), 0);
}

TEST(ModelCheckpoint, SavesWeightsOnly) {
  const TemporaryFolder folder;
  Watched run({.filepath = folder / "{epoch}.weights.h5", .save_weights_only = true});
  run.epochs({3, 1});
  EXPECT_EQ(sorted_names(folder), (Names{"1.weights.h5", "2.weights.h5"}));
  load_weights(run.model, folder / "1.weights.h5");
  EXPECT_EQ(run.model.get_weights()[0].values()[0], 0);
}

TEST(ModelCheckpoint, RefusesNamesThatItCannotUse) {
  const TemporaryFolder folder;
  EXPECT_ERROR(AnyCallback(ModelCheckpoint{.filepath = "m.h5"}),
               OptionError,
               "ModelCheckpoint: expected a filepath that ends in .keras, got 'm.h5'.");
  EXPECT_ERROR(AnyCallback(ModelCheckpoint{.filepath = "m.keras", .save_weights_only = true}),
               OptionError,
               "ModelCheckpoint: expected a filepath that ends in .weights.h5, got 'm.keras'.");
  Watched run({.filepath = folder / "{accuracy}.keras"});
  EXPECT_ERROR(run.epochs({1}),
               OptionError,
               ("ModelCheckpoint: filepath: expected fields out of epoch, loss, val_loss, got '" +
                (folder / "{accuracy}.keras") + "' (argument not found).")
                   .c_str());
  for (const char* name : {"{epoch.keras", "{epoch:q}.keras", "}.keras", "{}{loss.real}.keras"}) {
    EXPECT_THROW(Watched({.filepath = folder / name}).epochs({1}), OptionError) << name;
  }
}

TEST(ModelCheckpoint, DefersTheBestEpochsExactState) {
  const TemporaryFolder folder;
  const std::string path = folder / "best.keras";
  Watched run({.filepath = path, .save_best_only = true, .min_seconds = 1000});
  run.epochs({3, 1, 2});
  EXPECT_TRUE(folder.names().empty());

  run.callback().on_train_end();

  const Model best = load_model(path);
  EXPECT_EQ(best.get_weights()[0].values()[0], 1);
  EXPECT_EQ(best.data().compiled->slots[0].data()[0], 11);
  EXPECT_EQ(best.data().compiled->iterations, 1);
  EXPECT_EQ(run.model.get_weights()[0].values()[0], 2);  // the model is as it was
  EXPECT_EQ(run.model.data().compiled->slots[0].data()[0], 12);
  EXPECT_EQ(run.model.data().compiled->iterations, 2);
}

TEST(ModelCheckpoint, DefersNoFileThatIsNotWrittenOver) {
  const TemporaryFolder folder;
  Watched run({.filepath = folder / "{epoch}.keras", .min_seconds = 1000});
  run.epochs({3, 1, 2});
  run.callback().on_train_end();
  EXPECT_EQ(sorted_names(folder), (Names{"1.keras", "2.keras", "3.keras"}));
  EXPECT_EQ(epoch_in(folder / "2.keras"), 1);
}

TEST(ModelCheckpoint, DeferredIsTheFileThatWouldHaveBeenWritten) {
  const TemporaryFolder folder;
  const testing_models::Data data = testing_models::waves(40, 5),
                             test = testing_models::waves(9, 5);
  for (const char* name : {"now.keras", "late.keras"}) {
    set_random_seed(5);
    Sequential model({Input{.shape = {5, 1}}, LSTM{.units = 3}, Dense{.units = 1}});
    model.compile({.optimizer = Adam{.learning_rate = 0.1f}, .loss = "mse"});
    const double seconds = name[0] == 'l' ? 1000 : 0;
    model.fit(data.x,
              data.y,
              {.epochs = 6,
               .callbacks = {EarlyStopping{.patience = 9, .restore_best_weights = true},
                             ModelCheckpoint{.filepath = folder / name,
                                             .save_best_only = true,
                                             .min_seconds = seconds}},
               .validation_data = {test.x, test.y}});
  }
  expect_same_model(load_model(folder / "late.keras"), load_model(folder / "now.keras"));
}

TEST(ModelCheckpoint, RemembersItsBest) {
  const TemporaryFolder folder;
  Watched run({.filepath = folder / "a.keras", .save_best_only = true});
  run.epochs({3, 1});
  Watched resumed({.filepath = folder / "b.keras", .save_best_only = true});
  resumed.callback().restore(run.callback().memory());
  resumed.epochs({2});
  EXPECT_EQ(sorted_names(folder), Names{"a.keras"});
}

}  // namespace
}  // namespace engram
