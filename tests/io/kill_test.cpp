// SPDX-License-Identifier: Apache-2.0
/// A process that is killed while it saves leaves the former file or the new one, never a part.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <random>

#include "io/archive.hpp"
#include "model/model_data.hpp"

namespace engram {
namespace {

constexpr int kKills = 200;

/// Saves two files in turn, as a training does, each a generation newer than the last.
[[noreturn]] void save_for_ever(Model& model, const TemporaryFolder& folder) {
  for (;;) {
    model.data().compiled->iterations++;
    save_model(model, folder / "model.keras");
    save_model(model, folder / "last.keras");
  }
}

std::int64_t generation(const std::string& path) {
  return load_model(path).data().compiled->iterations;
}

TEST(SaveModel, KilledAtAnyMomentLosesNoFile) {
  // In memory where that is possible: kills would meet little else than waiting for a disk.
  const bool is_fast = ::getenv("TMPDIR") == nullptr && ::access("/dev/shm", W_OK) == 0 &&
                       ::setenv("TMPDIR", "/dev/shm", 1) == 0;
  const TemporaryFolder folder;
  if (is_fast) {
    ::unsetenv("TMPDIR");
  }
  Model model = load_model(small_archive().write(folder));
  save_model(model, folder / "model.keras");
  save_model(model, folder / "last.keras");
  double longest_us = 1000;  // that a child lives; follows what a save takes here and now
  std::mt19937 random(20260101);
  std::int64_t model_before = generation(folder / "model.keras"), last_before = model_before;
  for (int kill = 0; kill < kKills; ++kill) {
    const pid_t child = ::fork();
    if (child == 0) {
      save_for_ever(model, folder);
    }
    ::usleep(random() % std::max(1u, static_cast<unsigned>(longest_us)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);

    const std::int64_t newest = generation(folder / "model.keras");
    const std::int64_t last = generation(folder / "last.keras");
    ASSERT_GE(newest, model_before);
    ASSERT_GE(last, last_before);
    ASSERT_GE(newest, last);
    longest_us *= newest > model_before ? 0.9 : 1.05;
    model.data().compiled->iterations = model_before = newest;
    last_before = last;
  }
  EXPECT_GT(last_before, kKills / 20) << "the children were killed before they saved";

  // What a killed process leaves is hidden, and in nobody's way.
  for (const std::string& name : folder.names()) {
    const bool is_hidden =
        name.starts_with(".model.keras.tmp.") || name.starts_with(".last.keras.tmp.");
    EXPECT_TRUE(is_hidden || name.ends_with(".keras")) << name;
  }
  EXPECT_NO_THROW(save_model(model, folder / "model.keras"));
}

}  // namespace
}  // namespace engram
