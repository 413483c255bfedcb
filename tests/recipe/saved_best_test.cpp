// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "engram/engram.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

/// Looks at the end of an epoch, after all that save, which files are there.
class FileWatcher : public Callback {
 public:
  FileWatcher(std::string checkpoint, std::string backup)
      : checkpoint_(std::move(checkpoint)), backup_(std::move(backup)) {}

  int order() const override { return 3; }

  void on_epoch_end(std::int64_t, const Logs&) override {
    has_checkpoint = std::filesystem::exists(checkpoint_);
    has_backup = std::filesystem::exists(backup_);
  }

  bool has_checkpoint = false, has_backup = false;

 private:
  std::string checkpoint_, backup_;
};

TEST(Backup, IsNotWrittenBeforeTheBestModelThatItRemembers) {
  const TemporaryFolder folder;
  const Recipe recipe = load_recipe("letters-onehot-1");
  const Samples samples = make_samples(recipe);
  Sequential model = make_model(recipe);
  const auto watcher = std::make_shared<FileWatcher>(folder / "model.keras", folder / "last.keras");

  model.fit(samples.x,
            samples.y,
            {.callbacks = {ModelCheckpoint{.filepath = folder / "model.keras",
                                           .monitor = "loss",
                                           .save_best_only = true,
                                           .min_seconds = 1000},
                           BackupAndRestore{.backup_dir = folder / "", .filename = "last.keras"},
                           watcher}});

  EXPECT_TRUE(watcher->has_backup);
  EXPECT_TRUE(watcher->has_checkpoint);
}

}  // namespace
}  // namespace engram
