// SPDX-License-Identifier: Apache-2.0
#include "engram/callbacks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "engram/error.hpp"
#include "engram/layers/dense.hpp"
#include "engram/runtime.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"
#include "model/monitor.hpp"
#include "stop_after.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

/// A callback on a model whose weights tell the epoch, as fit would call it.
class Watched {
 public:
  explicit Watched(const AnyCallback& callback) : callback_(callback) {
    model.build({1});
    callback_->set_model(model);
    callback_->set_output([this](const std::string& t) { text += t; });
    callback_->on_train_begin();
  }

  void epoch(std::int64_t number, const Logs& logs) {
    model.set_weights({Tensor({1, 1}, {static_cast<float>(number)}), Tensor({1})});
    callback_->on_epoch_begin(number);
    callback_->on_epoch_end(number, logs);
  }

  /// Epochs with these val_loss, until the callback stops; returns how many were run.
  std::int64_t epochs(const std::vector<double>& values) {
    std::int64_t number = 0;
    while (number < static_cast<std::int64_t>(values.size()) && !model.stop_training) {
      epoch(number, {{"val_loss", values[static_cast<std::size_t>(number)]}});
      ++number;
    }
    return number;
  }

  float weight() const { return model.get_weights()[0].values()[0]; }

  Callback& callback() { return *callback_; }

  Sequential model = Sequential({Dense{.units = 1}});
  std::string text;

 private:
  AnyCallback callback_;
};

TEST(Logs, FindGivesTheValueOrNothing) {
  const Logs logs = {{"loss", 0.5}, {"val_loss", 0.25}};
  EXPECT_EQ(find(logs, "val_loss"), 0.25);
  EXPECT_EQ(find(logs, "mae"), std::nullopt);
}

TEST(EarlyStopping, StopsWhenPatienceIsOver) {
  Watched run(EarlyStopping{.patience = 2});
  EXPECT_EQ(run.epochs({3, 2, 2.5, 2, 1, 1, 1}), 4);
}

TEST(EarlyStopping, PatienceZeroAndOneStopAtTheFirstWorseEpoch) {
  EXPECT_EQ(Watched(EarlyStopping{}).epochs({3, 2, 2.5, 1}), 3);
  EXPECT_EQ(Watched(EarlyStopping{.patience = 1}).epochs({3, 2, 2.5, 1}), 3);
}

TEST(EarlyStopping, SmallImprovementsDoNotCount) {
  EXPECT_EQ(Watched(EarlyStopping{.min_delta = 0.1, .patience = 2}).epochs({1, .95, .91, .5}), 3);
  EXPECT_EQ(Watched(EarlyStopping{.min_delta = -0.1, .patience = 2}).epochs({1, .95, .91, .5}), 3);
}

TEST(EarlyStopping, ModeMaxWantsMore) {
  EXPECT_EQ(Watched(EarlyStopping{.patience = 2, .mode = "max"}).epochs({1, 2, 3, 2, 1, 9}), 5);
}

TEST(EarlyStopping, BaselineMustBeBeatenToo) {
  // Better each time, but wait goes on until 1 is beaten.
  EXPECT_EQ(Watched(EarlyStopping{.patience = 2, .baseline = 1}).epochs({5, 4, 3, 3.5, 2}), 4);
  EXPECT_EQ(Watched(EarlyStopping{.patience = 3, .baseline = 1}).epochs({5, 0.5, 0.6, 0.7, 0.8}),
            5);
}

TEST(EarlyStopping, FirstEpochsMayBeLeftOut) {
  Watched run(EarlyStopping{.patience = 1, .start_from_epoch = 3});
  EXPECT_EQ(run.epochs({1, 2, 3, 4, 5, 6}), 5);
}

TEST(EarlyStopping, NaNIsNoImprovement) {
  EXPECT_EQ(Watched(EarlyStopping{.patience = 2}).epochs({1, NAN, NAN, 0.5}), 3);
}

TEST(EarlyStopping, RestoresTheBestWeightsAndSaysSo) {
  Watched run(EarlyStopping{.patience = 2, .verbose = 1, .restore_best_weights = true});
  EXPECT_EQ(run.epochs({3, 2, 2.5, 2.5, 1}), 4);
  run.callback().on_train_end();
  EXPECT_EQ(run.weight(), 1);
  EXPECT_EQ(run.text,
            "Epoch 4: early stopping\n"
            "Restoring model weights from the end of the best epoch: 2.\n");
}

TEST(EarlyStopping, RestoresWithoutAStopToo) {
  Watched run(EarlyStopping{.patience = 9, .restore_best_weights = true});
  run.epochs({3, 1, 2});
  run.callback().on_train_end();
  EXPECT_EQ(run.weight(), 1);
  EXPECT_EQ(run.text, "");
}

TEST(EarlyStopping, KeepsTheLastWeightsUnlessAsked) {
  Watched run(EarlyStopping{.patience = 9});
  run.epochs({3, 1, 2});
  run.callback().on_train_end();
  EXPECT_EQ(run.weight(), 2);
}

TEST(EarlyStopping, IsFreshInTheNextTraining) {
  Watched run(EarlyStopping{.patience = 2});
  run.epochs({3, 4, 5});
  run.callback().on_train_end();
  run.model.stop_training = false;
  run.callback().on_train_begin();
  EXPECT_EQ(run.epochs({9, 8, 7}), 3);
}

TEST(EarlyStopping, SaysOnceWhenThereIsNothingToMonitor) {
  Watched run(EarlyStopping{});
  run.epoch(0, {{"loss", 1}, {"mae", 2}});
  run.epoch(1, {{"loss", 1}, {"mae", 2}});
  EXPECT_FALSE(run.model.stop_training);
  EXPECT_EQ(run.text,
            "Early stopping conditioned on metric `val_loss` which is not available. "
            "Available metrics are: loss,mae\n");
}

/// Runs `values`, stopping and resuming with a fresh callback before epoch `cut`.
std::pair<std::int64_t, float> resumed(const EarlyStopping& options,
                                       const std::vector<double>& values,
                                       std::size_t cut) {
  Watched first(options);
  std::int64_t number = first.epochs({values.begin(), values.begin() + static_cast<long>(cut)});
  Watched second(options);
  second.callback().restore(first.callback().memory());
  for (; number < static_cast<std::int64_t>(values.size()) && !second.model.stop_training;
       ++number) {
    second.epoch(number, {{"val_loss", values[static_cast<std::size_t>(number)]}});
  }
  second.callback().on_train_end();
  return {number, second.weight()};
}

TEST(EarlyStopping, GoesOnExactlyWhenResumed) {
  const EarlyStopping options = {.patience = 2, .restore_best_weights = true};
  for (const double first : {3.0, HUGE_VAL, double{NAN}, -HUGE_VAL}) {
    const std::vector<double> values = {first, HUGE_VAL, 2, 2.5, 2.2, 1};
    Watched whole(options);
    const std::int64_t epochs = whole.epochs(values);
    whole.callback().on_train_end();
    for (std::size_t cut = 0; cut <= static_cast<std::size_t>(epochs); ++cut) {
      const auto [number, weight] = resumed(options, values, cut);
      EXPECT_EQ(number, epochs) << first << " " << cut;
      EXPECT_EQ(weight, whole.weight()) << first << " " << cut;
    }
  }
}

/// The weights of a small model after `callbacks` watched 3 epochs and 2 batches.
std::vector<Tensor> interrupted(std::vector<AnyCallback> callbacks) {
  set_random_seed(1);
  Sequential model({Dense{.units = 1}});
  model.compile({.optimizer = SGD{.learning_rate = 10}, .loss = "mse"});
  std::atomic<bool> stop = false;
  callbacks.emplace_back(std::make_shared<StopAfter>(3 * 4 + 2, stop));
  const Tensor x({8, 1}, {1, 2, 3, 4, 5, 6, 7, 8});
  const History history = model.fit(
      x, x, {.batch_size = 2, .epochs = 9, .verbose = 0, .callbacks = callbacks, .stop = &stop});
  EXPECT_TRUE(history.is_interrupted);
  return model.get_weights();
}

TEST(EarlyStopping, LeavesTheWeightsOfAnInterruptedTrainingAlone) {
  const EarlyStopping restoring = {.monitor = "loss", .patience = 9, .restore_best_weights = true};
  EXPECT_EQ(interrupted({restoring}), interrupted({}));
}

TEST(EarlyStopping, OptionsAreChecked) {
  const auto make = [](const EarlyStopping& o) { make_callback(o); };
  EXPECT_ERROR(make({.mode = "mim"}),
               OptionError,
               "EarlyStopping: expected mode auto, min or max, got 'mim'.");
  EXPECT_ERROR(make({.monitor = "val_f1"}),
               OptionError,
               "EarlyStopping: expected monitor loss, val_loss or a metric, with mode auto, "
               "got 'val_f1'. Set mode to min or max.");
  EXPECT_ERROR(
      make({.patience = -1}), OptionError, "EarlyStopping: expected patience at least 0, got -1.");
  EXPECT_ERROR(make({.min_delta = NAN}),
               OptionError,
               "EarlyStopping: expected a finite min_delta, got nan.");
}

TEST(Monitor, AutoGoesByTheMetric) {
  Monitor accuracy({.where = "x", .name = "val_acc", .best = 0.5});
  EXPECT_TRUE(accuracy.improves(0.6));
  EXPECT_FALSE(accuracy.improves(0.4));
  Monitor error({.where = "x", .name = "mae", .best = 0.5});
  EXPECT_TRUE(error.improves(0.4));
  EXPECT_FALSE(error.improves(0.5));
}

TEST(Monitor, TextsAreKeras) {
  Monitor monitor({.where = "x", .name = "val_loss"});
  EXPECT_EQ(monitor.improved_text(0, 0.5, "a.keras"),
            "\nEpoch 1: val_loss improved from None to 0.50000, saving model to a.keras\n");
  monitor.best = 0.123456;
  EXPECT_EQ(monitor.improved_text(2, 0.12, "a.keras"),
            "\nEpoch 3: val_loss improved from 0.12346 to 0.12000, saving model to a.keras\n");
  EXPECT_EQ(monitor.not_improved_text(3), "\nEpoch 4: val_loss did not improve from 0.12346\n");
  EXPECT_EQ(saving_text(0, "a.keras"), "\nEpoch 1: saving model to a.keras\n");
  EXPECT_EQ(saved_text(0, "a.keras"), "\nEpoch 1: finished saving model to a.keras\n");
}

TEST(Monitor, MemoryKeepsWhatJsonCannot) {
  CallbackMemory memory;
  remember(memory, "a", 0.1);
  remember(memory, "b", HUGE_VAL);
  remember(memory, "c", -HUGE_VAL);
  remember(memory, "d", NAN);
  remember(memory, "e", std::nullopt);
  for (const auto& [name, value] : memory.numbers) {
    EXPECT_TRUE(std::isfinite(value)) << name;
  }
  EXPECT_EQ(recall(memory, "a"), 0.1);
  EXPECT_EQ(recall(memory, "b"), HUGE_VAL);
  EXPECT_EQ(recall(memory, "c"), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(recall(memory, "d").value()));
  EXPECT_EQ(recall(memory, "e"), std::nullopt);
}

TEST(TerminateOnNaN, StopsAndSaysWhere) {
  Watched run(TerminateOnNaN{});
  run.callback().on_train_batch_end(0, {{"loss", 1}});
  EXPECT_FALSE(run.model.stop_training);
  run.callback().on_train_batch_end(3, {{"loss", NAN}});
  EXPECT_TRUE(run.model.stop_training);
  EXPECT_EQ(run.text, "Batch 3: Invalid loss, terminating training\n");
}

TEST(TerminateOnNaN, StopsAtInfinityToo) {
  Watched run(TerminateOnNaN{});
  run.callback().on_train_batch_end(0, {{"loss", HUGE_VAL}});
  EXPECT_TRUE(run.model.stop_training);
}

class CSVLoggerTest : public ::testing::Test {
 protected:
  std::string written() const { return folder.read("log.csv"); }

  void write(const std::string& text) const { folder.write("log.csv", text); }

  const TemporaryFolder folder;
  const std::string path = folder / "log.csv";
};

TEST_F(CSVLoggerTest, RowsHaveKerasForm) {
  Watched run(CSVLogger{.filename = path});
  run.epoch(0, {{"loss", 1.0968189239501953}, {"acc", 1}, {"val_loss", 1e-5}, {"val_acc", NAN}});
  run.epoch(1, {{"loss", 1e16}, {"acc", 0.1f}, {"val_loss", HUGE_VAL}, {"val_acc", -2}});
  EXPECT_EQ(written(),
            "epoch,acc,loss,val_acc,val_loss\r\n"
            "0,1.0,1.0968189239501953,nan,1e-05\r\n"
            "1,0.10000000149011612,1e+16,-2.0,inf\r\n");
}

TEST_F(CSVLoggerTest, WhatAnEpochLacksIsNA) {
  Watched run(CSVLogger{.filename = path, .separator = ";"});
  run.epoch(0, {{"loss", 1.5}});
  run.epoch(1, {{"loss", 0.5}, {"val_loss", 2.5}, {"late", 3}});
  EXPECT_EQ(written(), "epoch;loss;val_loss\r\n0;1.5;NA\r\n1;0.5;2.5\r\n");
}

TEST_F(CSVLoggerTest, RowIsThereAfterEachEpoch) {
  Watched run(CSVLogger{.filename = path});
  run.epoch(0, {{"val_loss", 1.5}});
  EXPECT_EQ(written(), "epoch,val_loss\r\n0,1.5\r\n");
}

TEST_F(CSVLoggerTest, FreshTrainingOverwrites) {
  write("epoch,loss\r\n0,1.5\r\n");
  Watched run(CSVLogger{.filename = path});
  run.epoch(5, {{"val_loss", 1.5}});
  EXPECT_EQ(written(), "epoch,val_loss\r\n5,1.5\r\n");
}

TEST_F(CSVLoggerTest, AppendAddsRowsWithoutAHeader) {
  write("epoch,val_loss\r\n0,1.5\r\n");
  Watched run(CSVLogger{.filename = path, .append = true});
  run.epoch(0, {{"val_loss", 2.5}});
  EXPECT_EQ(written(), "epoch,val_loss\r\n0,1.5\r\n0,2.5\r\n");
}

TEST_F(CSVLoggerTest, ResumedTrainingDropsTheRowsItDoesAgain) {
  Watched first(CSVLogger{.filename = path});
  first.epoch(0, {{"loss", 4}});
  first.epoch(1, {{"loss", 3}});
  const CallbackMemory memory = first.callback().memory();
  first.epoch(2, {{"loss", 2}});
  std::ofstream(path, std::ios::binary | std::ios::app) << "3,";  // killed while writing

  Watched second(CSVLogger{.filename = path});
  second.callback().restore(memory);
  second.epoch(2, {{"loss", 2.5}, {"val_loss", 1}});

  EXPECT_EQ(written(), "epoch,loss,val_loss\r\n0,4.0,NA\r\n1,3.0,NA\r\n2,2.5,1.0\r\n");
}

TEST_F(CSVLoggerTest, RestoreMayComeBeforeTrainBegin) {
  write("epoch,val_loss\r\n0,1.5\r\n");
  Watched run(CSVLogger{.filename = path});
  run.callback().restore(run.callback().memory());
  run.callback().on_train_begin();
  run.epoch(1, {{"val_loss", 2.5}});
  EXPECT_EQ(written(), "epoch,val_loss\r\n0,1.5\r\n1,2.5\r\n");
}

TEST_F(CSVLoggerTest, ResumedTrainingKeepsFormerRunsOfAnAppendedFile) {
  write("epoch,val_loss\r\n0,1.5\r\n1,1.5\r\n0,9.5\r\n1,8.5\r\n");
  Watched run(CSVLogger{.filename = path, .append = true});
  run.callback().restore(run.callback().memory());
  run.epoch(1, {{"val_loss", 2.5}});
  EXPECT_EQ(written(), "epoch,val_loss\r\n0,1.5\r\n1,1.5\r\n0,9.5\r\n1,2.5\r\n");
}

TEST_F(CSVLoggerTest, ResumedTrainingWithoutTheFileStartsOne) {
  Watched run(CSVLogger{.filename = path});
  run.callback().restore(run.callback().memory());
  run.epoch(4, {{"val_loss", 2.5}});
  EXPECT_EQ(written(), "epoch,val_loss\r\n4,2.5\r\n");
}

TEST(CSVLogger, FileThatCannotBeWrittenIsRefusedAtOnce) {
  EXPECT_ERROR(Watched(CSVLogger{.filename = "/no/such/folder/a.csv"}),
               IoError,
               "CSVLogger: /no/such/folder/a.csv: expected a file that can be written, "
               "got No such file or directory.");
}

TEST(CSVLogger, SeparatorIsOneCharacter) {
  EXPECT_ERROR(make_callback(CSVLogger{"a.csv", ", "}),
               OptionError,
               "CSVLogger: expected a separator of one character, got ', '.");
}

}  // namespace
}  // namespace engram
