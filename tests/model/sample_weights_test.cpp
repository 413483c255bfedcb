// SPDX-License-Identifier: Apache-2.0
/// sample_weight and class_weight; tests/golden/training_test.cpp compares them with Keras.
#include <gtest/gtest.h>

#include <algorithm>

#include "chapter_models.hpp"
#include "engram/error.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/lstm.hpp"
#include "engram/runtime.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"

namespace engram {
namespace {

using testing_models::waves;

Tensor constant(Shape shape, float value) {
  Tensor tensor(std::move(shape));
  std::ranges::fill(tensor.values(), value);
  return tensor;
}

const Tensor& inputs() {
  static const Tensor x = waves({37, 5, 2}, 0.7f);
  return x;
}

Sequential model_of(bool is_sequence, std::int64_t outputs = 2) {
  set_random_seed(3);
  Sequential model({LSTM{.units = 3, .return_sequences = is_sequence}, Dense{.units = outputs}});
  model.compile({.optimizer = Adam{}, .loss = "mse", .weighted_metrics = {"mae"}});
  return model;
}

TEST(SampleWeight, ScalesTheLossButNoWeightedMean) {
  Sequential model = model_of(false);
  const Tensor y = waves({37, 2}, 0.3f);
  const Logs plain = model.evaluate(inputs(), y);
  const Logs doubled = model.evaluate(inputs(), y, {.sample_weight = constant({37}, 2)});
  EXPECT_NEAR(*find(doubled, "loss"), 2 * *find(plain, "loss"), 1e-12);
  EXPECT_NEAR(*find(doubled, "mae"), *find(plain, "mae"), 1e-12);
}

TEST(SampleWeight, OfOneForAllStepsIsThatOfEach) {
  Sequential model = model_of(true);
  const Tensor y = waves({37, 5, 2}, 0.3f), of_samples = waves({37, 1}, 0.9f);
  Tensor of_steps({37, 5});
  for (std::int64_t i = 0; i < of_steps.size(); ++i) {
    of_steps.data()[i] = of_samples.data()[i / 5];
  }
  EXPECT_EQ(model.evaluate(inputs(), y, {.sample_weight = of_samples}),
            model.evaluate(inputs(), y, {.sample_weight = of_steps}));
}

TEST(SampleWeight, LeavesTheSameBitsOnAnyNumberOfThreads) {
  std::vector<std::vector<Tensor>> weights;
  for (const int count : {1, 3}) {
    set_threads(count);
    Sequential model = model_of(true);
    model.fit(
        inputs(), waves({37, 5, 2}, 0.3f), {.epochs = 2, .sample_weight = waves({37, 5}, 2.0f)});
    weights.push_back(model.get_weights());
  }
  set_threads(0);
  EXPECT_EQ(weights[0], weights[1]);
}

TEST(SampleWeight, IsSplitWithTheRows) {
  const Tensor y = waves({37, 2}, 0.3f), w = waves(Shape{37}, 1.1f);
  Sequential split = model_of(false), apart = model_of(false);
  const History a =
      split.fit(inputs(), y, {.validation_split = 0.25, .shuffle = false, .sample_weight = w});
  const History b = apart.fit(inputs().rows(0, 27),
                              y.rows(0, 27),
                              {.validation_data = {.x = inputs().rows(27, 37),
                                                   .y = y.rows(27, 37),
                                                   .sample_weight = w.rows(27, 37)},
                               .shuffle = false,
                               .sample_weight = w.rows(0, 27)});
  EXPECT_EQ(a.history, b.history);
}

TEST(SampleWeight, OfABatchIsTakenInTraining) {
  const Tensor y = waves({37, 2}, 0.3f);
  Sequential model = model_of(false);
  model.build({5, 2});
  const std::vector<Tensor> before = model.get_weights();
  model.train_on_batch(inputs(), y, {.sample_weight = constant({37}, 0)});
  EXPECT_EQ(model.get_weights(), before);
  EXPECT_EQ(*find(model.test_on_batch(inputs(), y, constant({37}, 0)), "loss"), 0);
}

TEST(ClassWeight, IsTheWeightOfTheSamplesOfAClass) {
  Tensor y({37, 1}), w({37});
  for (std::int64_t i = 0; i < 37; ++i) {
    y.data()[i] = static_cast<float>(i % 3);
    w.data()[i] = i % 3 == 1 ? 0.25f : (i % 3 == 2 ? 4.0f : 1.0f);
  }
  Sequential by_class = model_of(false, 1), by_sample = model_of(false, 1);
  by_class.fit(inputs(), y, {.shuffle = false, .class_weight = {{1, 0.25f}, {2, 4.0f}}});
  by_sample.fit(inputs(), y, {.shuffle = false, .sample_weight = w});
  EXPECT_EQ(by_class.get_weights(), by_sample.get_weights());
}

void expect_refused(Tensor weights, const char* message) {
  Sequential model = model_of(true);
  const Tensor y = waves({37, 5, 2}, 0.3f);
  EXPECT_ERROR(model.evaluate(inputs(), y, {.sample_weight = weights}), ShapeError, message);
}

TEST(SampleWeight, IsRefusedInOtherShapes) {
  expect_refused(constant({37}, 1),
                 "evaluate: sample_weight: expected shape (37, 1) or (37, 5), got (37,). "
                 "Give a weight for each sample as (N, 1).");
  expect_refused(constant({36, 5}, 1),
                 "evaluate: sample_weight: expected shape (37, 1) or (37, 5), got (36, 5).");
  expect_refused(constant({37, 5, 2}, 1),
                 "evaluate: sample_weight: expected shape (37, 1) or (37, 5), got (37, 5, 2).");
}

TEST(SampleWeight, IsRefusedWithoutANumberOrARow) {
  Sequential model = model_of(false);
  const Tensor y = waves({37, 2}, 0.3f);
  FitOptions options = {.validation_split = 0.5, .sample_weight = constant({5}, 1)};
  EXPECT_ERROR(model.fit(inputs(), y, options),
               ShapeError,
               "fit: sample_weight: expected 37 rows, as many as x, got (5,).");
  EXPECT_ERROR(model.evaluate(inputs(), y, {.sample_weight = constant({37}, NAN)}),
               DataError,
               "evaluate: sample_weight: expected finite values, got nan.");
}

TEST(ClassWeight, IsRefusedWhereItSaysNothing) {
  Sequential steps = model_of(true), model = model_of(false);
  FitOptions options = {.class_weight = {{0, 2.0f}}};
  EXPECT_ERROR(steps.fit(inputs(), waves({37, 5, 2}, 0.3f), options),
               OptionError,
               "fit: class_weight: expected one class a sample, got a sequence of outputs. "
               "Use sample_weight.");
  options.sample_weight = constant({37}, 1);
  EXPECT_ERROR(
      model.fit(inputs(), waves({37, 2}, 0.3f), options),
      OptionError,
      "fit: class_weight: expected sample_weight or class_weight, got both. Use sample_weight.");
}

}  // namespace
}  // namespace engram
