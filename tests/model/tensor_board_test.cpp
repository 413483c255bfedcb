// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engram/error.hpp"
#include "engram/layers/dense.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

/// The bytes of all files in log_dir/`part`, in the order in which they were begun.
std::vector<std::string> files(const TemporaryFolder& folder, const std::string& part) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "logs/" + part)) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<std::string> found;
  for (const auto& path : paths) {
    EXPECT_TRUE(path.filename().string().starts_with("events.out.tfevents.")) << path;
    std::ifstream file(path, std::ios::binary);
    found.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return found;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

/// A model on 8 rows: 4 batches of 2 an epoch.
struct Training {
  Training() { model.compile({.optimizer = "sgd", .loss = "mse", .metrics = {"mae"}}); }

  void run(const AnyCallback& callback, std::int64_t epochs, bool resume = false) {
    const Tensor x({8, 1}, {1, 2, 3, 4, 5, 6, 7, 8});
    model.fit(x,
              x,
              {.batch_size = 2,
               .epochs = epochs,
               .callbacks = {callback},
               .validation_data = {x, x},
               .resume = resume});
  }

  TemporaryFolder folder;
  Sequential model = Sequential({Dense{.units = 1, .name = "out"}});
};

TEST(TensorBoard, WritesKerasTags) {
  Training training;
  training.run(TensorBoard{.log_dir = training.folder / "logs"}, 2);
  const std::vector<std::string> train = files(training.folder, "train");
  ASSERT_EQ(train.size(), 1u);
  for (const char* tag : {"epoch_loss", "epoch_mae", "epoch_learning_rate"}) {
    EXPECT_EQ(count(train[0], tag), 2u) << tag;
  }
  EXPECT_EQ(count(train[0], "batch_") + count(train[0], "/histogram"), 0u);
  const std::vector<std::string> validation = files(training.folder, "validation");
  ASSERT_EQ(validation.size(), 1u);
  for (const char* tag : {"epoch_loss", "epoch_mae", "evaluation_loss_vs_iterations"}) {
    EXPECT_EQ(count(validation[0], tag), 2u) << tag;
  }
}

TEST(TensorBoard, HistogramsComeEveryFewEpochs) {
  Training training;
  training.run(TensorBoard{.log_dir = training.folder / "logs", .histogram_freq = 2}, 3);
  const std::string train = files(training.folder, "train").at(0);
  EXPECT_EQ(count(train, "out/kernel/histogram"), 2u);
  EXPECT_EQ(count(train, "out/bias/histogram"), 2u);
}

TEST(TensorBoard, BatchesComeAsUpdateFreqSays) {
  Training training;
  training.run(TensorBoard{.log_dir = training.folder / "logs", .update_freq = "batch"}, 2);
  training.run(TensorBoard{.log_dir = training.folder / "logs", .update_freq = 3}, 2);
  const std::vector<std::string> train = files(training.folder, "train");
  ASSERT_EQ(train.size(), 2u);
  EXPECT_EQ(count(train[0], "batch_loss"), 8u);
  EXPECT_EQ(count(train[1], "batch_loss"), 2u);
}

TEST(TensorBoard, ResumedTrainingGoesOnInAFurtherFile) {
  Training training;
  const TensorBoard options{.log_dir = training.folder / "logs", .update_freq = 8};
  training.run(options, 1);
  training.run(options, 2, true);  // the 8th batch is the last of the second epoch
  const std::vector<std::string> train = files(training.folder, "train");
  ASSERT_EQ(train.size(), 2u);
  EXPECT_EQ(count(train[0], "batch_loss"), 0u);
  EXPECT_EQ(count(train[1], "batch_loss"), 1u);
  EXPECT_EQ(count(train[1], "epoch_loss"), 1u);
}

TEST(TensorBoard, RefusesWhatIsNotThere) {
  EXPECT_ERROR(make_callback(TensorBoard{.write_graph = true}),
               OptionError,
               "TensorBoard: expected write_graph false, got true. There is no TensorFlow graph to "
               "show; plot_model draws the model.");
  EXPECT_ERROR(make_callback(TensorBoard{.write_images = true}),
               OptionError,
               "TensorBoard: expected write_images false, got true. Histograms of weights are "
               "written.");
  EXPECT_ERROR(make_callback(TensorBoard{.embeddings_freq = 1}),
               OptionError,
               "TensorBoard: expected embeddings_freq 0, got 1.");
  EXPECT_ERROR(make_callback(TensorBoard{.update_freq = "often"}),
               OptionError,
               "TensorBoard: expected update_freq 'epoch', 'batch' or a number at least 1, got "
               "'often'.");
}

}  // namespace
}  // namespace engram
