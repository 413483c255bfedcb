// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "chapter_models.hpp"
#include "engram/engram.hpp"
#include "expect_error.hpp"

namespace {

std::atomic<std::int64_t> allocations = 0;

}  // namespace

// Counts what the whole program allocates; Stream::step is to allocate nothing.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // both sides are replaced here

void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) {
    return p;
  }
  throw std::bad_alloc();
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}

void operator delete(void* p) noexcept { std::free(p); }

void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace engram {
namespace {

using testing_models::waves;

constexpr std::int64_t kSteps = 9;

// One-row products may add up in another order than those of many rows.
constexpr float kTolerance = 2e-6f;

Sequential deep_model() {
  return Sequential({Input{.shape = {kSteps, 1}},
                     GRU{.units = 5, .return_sequences = true},
                     LSTM{.units = 7, .return_sequences = true},
                     SimpleRNN{.units = 3},
                     Dense{.units = 2}});
}

std::span<const float> price(const Tensor& x, std::int64_t t) {
  return x.values().subspan(static_cast<std::size_t>(t), 1);
}

TEST(Stream, GivesWhatPredictGives) {
  const Tensor x = waves(1, kSteps).x;
  Sequential flat({Input{.shape = {kSteps, 1}}, LSTM{.units = 5}, Dense{.units = 2}});
  Sequential deep = deep_model();
  for (Model* model : {static_cast<Model*>(&flat), static_cast<Model*>(&deep)}) {
    const Tensor predicted = model->predict(x);
    Stream stream = model->stream();
    for (int twice = 0; twice < 2; ++twice) {
      std::span<const float> y;
      for (std::int64_t t = 0; t < kSteps; ++t) {
        y = stream.step(price(x, t));
      }
      EXPECT_NEAR(y[0], predicted.at({0, 0}), kTolerance);
      EXPECT_NEAR(y[1], predicted.at({0, 1}), kTolerance);
      stream.reset();
    }
  }
}

TEST(Stream, StepsManyRowsAtOnce) {
  constexpr std::int64_t kRows = 35;
  const Tensor x = waves(kRows, kSteps).x;
  Sequential model = deep_model();
  const Tensor predicted = model.predict(x);
  Stream stream = model.stream(kRows);
  ASSERT_EQ(stream.rows(), kRows);
  std::vector<float> now(kRows), y(kRows * 2);
  for (std::int64_t t = 0; t < kSteps; ++t) {
    for (std::int64_t row = 0; row < kRows; ++row) {
      now[static_cast<std::size_t>(row)] = x.at({row, t, 0});
    }
    stream.step(now, y);
  }
  for (std::int64_t row = 0; row < kRows; ++row) {
    EXPECT_NEAR(y[static_cast<std::size_t>(2 * row + 1)], predicted.at({row, 1}), kTolerance);
  }
}

TEST(Stream, GoesOnFromStatesThatWereKept) {
  const Tensor x = waves(1, kSteps).x;
  const Sequential model = [] {
    Sequential built = deep_model();
    built.build({kSteps, 1});
    return built;
  }();
  Stream first = model.stream();
  for (std::int64_t t = 0; t < 4; ++t) {
    first.step(price(x, t));
  }
  Stream second = model.stream();
  ASSERT_EQ(second.states().size(), first.states().size());
  std::ranges::copy(first.states(), second.states().begin());
  const std::span<const float> a = first.step(price(x, 4)), b = second.step(price(x, 4));
  EXPECT_TRUE(std::ranges::equal(a, b));
  EXPECT_TRUE(std::ranges::equal(first.states(), second.states()));
}

TEST(Stream, ManyStreamsOnTheirOwnThreadsDoNotDisturbEachOther) {
  const Tensor x = waves(4, 200).x;
  Sequential model = deep_model();
  model.build({kSteps, 1});
  const auto last_of = [&](std::int64_t row) {
    Stream stream = model.stream();
    float last = 0;
    for (std::int64_t t = 0; t < 200; ++t) {
      const float now[] = {x.at({row, t, 0})};
      last = stream.step(now)[0];
    }
    return last;
  };
  std::vector<float> alone, together(4);
  for (std::int64_t row = 0; row < 4; ++row) {
    alone.push_back(last_of(row));
  }
  std::vector<Stream> streams;
  for (int i = 0; i < 4; ++i) {
    streams.push_back(model.stream());
  }
  std::vector<std::thread> threads;
  for (std::size_t row = 0; row < 4; ++row) {
    threads.emplace_back([&, row] {
      for (std::int64_t t = 0; t < 200; ++t) {
        const float now[] = {x.at({static_cast<std::int64_t>(row), t, 0})};
        together[row] = streams[row].step(now)[0];
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(together, alone);
}

TEST(Stream, SeesWeightsThatWereChangedBeforeItWasMade) {
  const Tensor x = waves(1, kSteps).x;
  Sequential model = deep_model();
  model.build({kSteps, 1});
  const float before = model.stream().step(price(x, 0))[0];
  std::vector<Tensor> weights = model.get_weights();
  for (float& w : weights[0].values()) {
    w += 0.5f;
  }
  Stream old = model.stream();
  model.set_weights(weights);
  EXPECT_NE(model.stream().step(price(x, 0))[0], before);
}

TEST(Stream, AllocatesNothing) {
  Sequential model = deep_model();
  model.build({kSteps, 1});
  Stream stream = model.stream(3);
  const std::vector<float> x(3, 0.5f);
  std::vector<float> y(6);
  stream.step(x, y);
  const std::int64_t before = allocations;
  stream.step(x, y);
  stream.reset();
  stream.step(x, y);
  EXPECT_EQ(allocations, before);
}

TEST(StreamErrors, NameWhatIsWrong) {
  Sequential model({LSTM{.units = 4}, Dense{.units = 1}}, "m");
  EXPECT_ERROR(
      model.stream(),
      StateError,
      "m.stream: expected a built model, got one without weights. Give an Input layer, load "
      "weights, or train first.");
  model.build({kSteps, 2});
  EXPECT_ERROR(model.stream(0), OptionError, "m.stream: expected rows at least 1, got 0.");
  Stream stream = model.stream(3);
  const std::vector<float> x(5);
  EXPECT_ERROR(stream.step(x), ShapeError, "Stream::step: expected 6 values, got 5.");
  Sequential backwards({LSTM{.units = 4, .go_backwards = true, .name = "b"}}, "m");
  backwards.build({kSteps, 2});
  EXPECT_ERROR(
      backwards.stream(),
      OptionError,
      "m.stream: LSTM 'b': expected layers that run forwards in time, got go_backwards. Use "
      "predict on whole sequences.");
}

}  // namespace
}  // namespace engram
