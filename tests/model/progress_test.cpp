// SPDX-License-Identifier: Apache-2.0
#include "model/progress.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace engram {
namespace {

/// A bar whose clock stands until it is moved.
class Shown {
 public:
  explicit Shown(ProgressOptions o, std::int64_t steps_done = 0)
      : bar_([&] {
          o.sink = [this](const std::string& text) { texts.push_back(text); };
          o.clock = [this] { return now; };
          return ProgressBar(o);
        }()),
        steps_(steps_done) {}

  void begin(std::int64_t epoch = 0) { bar_.begin_epoch(epoch); }

  void step(double seconds, const Logs& logs) {
    now += seconds;
    bar_.update(++steps_, logs);
  }

  void end(double seconds, const Logs& logs) {
    now += seconds;
    bar_.end_epoch(logs);
  }

  double now = 100;
  std::vector<std::string> texts;

 private:
  ProgressBar bar_;
  std::int64_t steps_;
};

std::string back(std::size_t width) { return std::string(width, '\b') + "\r"; }

std::string cells(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "━";
  }
  return text;
}

std::string bold(const std::string& text) { return "\x1b[1m" + text + "\x1b[0m"; }

std::string green(int count) { return count == 0 ? "" : "\x1b[32m" + cells(count) + "\x1b[0m"; }

std::string white(int count) { return "\x1b[37m" + cells(count) + "\x1b[0m"; }

// The texts below are what Keras 3.15's Progbar printed with the same times and values.
TEST(ProgressBar, DrawsAsKerasOnATerminal) {
  Shown shown({.steps = 3, .is_terminal = true});
  shown.begin();

  shown.step(1.0, {{"loss", 0.5}, {"mae", 0.001}});
  shown.step(0.1, {{"loss", 0.123456}, {"mae", 1e-3 + 1e-9}});
  shown.step(0.1, {{"loss", 0.00099}, {"mae", 12345.678}});
  shown.end(0.25, {{"loss", 1e-8}, {"mae", .25}, {"val_loss", NAN}, {"val_mae", INFINITY}});

  ASSERT_EQ(shown.texts.size(), 4u);
  EXPECT_EQ(shown.texts[0],
            "\r" + bold("1/3") + " " + green(6) + white(14) + " " + bold("2s") +
                " 1s/step - loss: 0.5000 - mae: 1.0000e-03");
  EXPECT_EQ(shown.texts[1],
            back(68) + bold("2/3") + " " + green(13) + white(7) + " " + bold("0s") +
                " 100ms/step - loss: 0.1235 - mae: 0.0010 ");
  EXPECT_EQ(shown.texts[2],
            back(67) + bold("3/3") + " " + green(20) + white(0) + " " + bold("0s") +
                " 100ms/step - loss: 9.9000e-04 - mae: 12345.6780");
  EXPECT_EQ(shown.texts[3],
            back(75) + bold("3/3") + " " + green(20) + white(0) + " " + bold("1s") +
                " 225ms/step - loss: 1.0000e-08 - mae: 0.2500 - val_loss: nan - val_mae: inf\n");
}

TEST(ProgressBar, WaitsFiftyMillisecondsBetweenDraws) {
  Shown shown({.steps = 120, .is_terminal = true});
  shown.begin();
  for (const double seconds : {0.04, 0.04, 0.04, 0.02, 0.02}) {
    shown.step(seconds, {{"loss", 0.5}});
  }
  shown.end(0.25, {{"loss", -0.5}});

  ASSERT_EQ(shown.texts.size(), 3u);
  EXPECT_EQ(
      shown.texts[0],
      "\r" + bold("  1/120") + " " + white(20) + " " + bold("4s") + " 40ms/step - loss: 0.5000");
  EXPECT_EQ(shown.texts[1], back(56) + shown.texts[0].substr(1).replace(6, 1, "3"));
  EXPECT_EQ(shown.texts[2],
            back(56) + bold("120/120") + " " + green(20) + white(0) + " " + bold("0s") +
                " 3ms/step - loss: -0.5000\n");
}

TEST(ProgressBar, ShowsHoursAndCoversALongerLine) {
  Shown shown({.steps = 1000, .is_terminal = true});
  shown.begin();
  shown.step(10, {{"loss", 0.5}});
  shown.step(20, {{"loss", 0.5}});
  shown.end(0.25, {{"loss", 0.5}});

  EXPECT_EQ(shown.texts[0],
            "\r" + bold("   1/1000") + " " + white(20) + " " + bold("2:46:30") +
                " 10s/step - loss: 0.5000");
  EXPECT_EQ(shown.texts[2],
            back(62) + bold("1000/1000") + " " + green(20) + white(0) + " " + bold("30s") +
                " 20ms/step - loss: 0.5000   \n");
}

TEST(ProgressBar, GoesOnInsideAnEpoch) {
  Shown shown({.steps = 100, .is_terminal = true}, 98);
  shown.begin();
  shown.step(0.5, {});
  shown.step(0.25, {});
  shown.end(0, {});
  EXPECT_TRUE(shown.texts[0].ends_with(bold("0s") + " 500ms/step")) << shown.texts[0];
  EXPECT_TRUE(shown.texts[2].ends_with(bold("1s") + " 250ms/step\n")) << shown.texts[2];
}

TEST(ProgressBar, BeginsAnewEachEpoch) {
  Shown shown({.epochs = 2, .steps = 1, .is_terminal = true});
  shown.begin(0);
  shown.end(0.6, {});
  shown.begin(1);
  shown.end(0.6, {});
  ASSERT_EQ(shown.texts.size(), 4u);
  EXPECT_EQ(shown.texts[0], "Epoch 1/2\n");
  EXPECT_EQ(shown.texts[2], "Epoch 2/2\n");
  EXPECT_EQ(shown.texts[3], shown.texts[1]);
}

TEST(ProgressBar, IsALineWithVerbose2) {
  Shown shown({.verbose = 2, .steps = 33, .is_terminal = true});
  shown.begin();
  for (int i = 0; i < 33; ++i) {
    shown.step(0.025, {{"loss", 0.5}});
  }
  shown.end(0.25, {{"loss", 0.1234}, {"mae", 0.25}});
  EXPECT_EQ(shown.texts,
            std::vector<std::string>{"33/33 - 1s - 33ms/step - loss: 0.1234 - mae: 0.2500\n"});
}

TEST(ProgressBar, IsALineWhereThereIsNoTerminal) {
  Shown shown({.epochs = 3, .steps = 2});
  shown.begin(1);
  shown.step(0.00002, {{"loss", 0.5}});
  shown.step(0.00003, {{"loss", 0.5}});
  shown.end(0, {{"loss", 0.5}, {"val_loss", 2e-4}});
  EXPECT_EQ(shown.texts,
            (std::vector<std::string>{
                "Epoch 2/3\n", "2/2 - 0s - 25us/step - loss: 0.5000 - val_loss: 2.0000e-04\n"}));
}

TEST(ProgressBar, HasAClockOfItsOwn) {
  std::string text;
  ProgressBar bar({.steps = 1, .sink = [&](const std::string& t) { text += t; }});
  bar.begin_epoch(0);
  bar.end_epoch({{"loss", 0.5}});
  EXPECT_TRUE(text.starts_with("1/1 - 0s - ")) << text;
}

}  // namespace
}  // namespace engram
