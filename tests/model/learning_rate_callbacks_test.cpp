// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "engram/callbacks.hpp"
#include "engram/error.hpp"
#include "engram/layers/dense.hpp"
#include "engram/runtime.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "model/model_data.hpp"

namespace engram {
namespace {

using golden::json;

Sequential line(const LearningRate& rate = 0.1f) {
  set_random_seed(5);
  Sequential model({Dense{.units = 1}});
  model.compile({.optimizer = SGD{.learning_rate = rate}, .loss = "mse"});
  model.build({1});
  return model;
}

AnyCallback callback_of(const json& c) {
  if (c["name"] == "LearningRateScheduler") {
    return LearningRateScheduler([](std::int64_t, double rate) { return rate * 0.75; }, 1);
  }
  const json& o = c["options"];
  const ReduceLROnPlateau d;
  return ReduceLROnPlateau{.factor = o.value("factor", d.factor),
                           .patience = o.value("patience", d.patience),
                           .verbose = o.value("verbose", d.verbose),
                           .mode = o.value("mode", d.mode),
                           .min_delta = o.value("min_delta", d.min_delta),
                           .cooldown = o.value("cooldown", d.cooldown),
                           .min_lr = o.value("min_lr", d.min_lr)};
}

class RateCallback : public ::testing::TestWithParam<json> {};

TEST_P(RateCallback, SetsAndSaysWhatKerasDoes) {
  const json& c = GetParam();
  Sequential model = line(c["rate"].get<float>());
  AnyCallback callback = callback_of(c);
  std::string text;
  callback->set_model(model);
  callback->set_output([&](const std::string& t) { text += t; });
  callback->on_train_begin();
  for (std::size_t epoch = 0; epoch < c["losses"].size(); ++epoch) {
    Logs logs = {{"val_loss", c["losses"][epoch].get<double>()}};
    const auto number = static_cast<std::int64_t>(epoch);
    callback->on_epoch_begin(number);
    callback->extend_logs(logs);
    callback->on_epoch_end(number, logs);
    EXPECT_FLOAT_EQ(static_cast<float>(*find(logs, "learning_rate")),
                    c["shown"][epoch].get<float>())
        << epoch;
    EXPECT_FLOAT_EQ(model.data().compiled->optimizers[0].learning_rate,
                    c["rates"][epoch].get<float>())
        << epoch;
  }
  EXPECT_EQ(text, c["text"].get<std::string>());
}

std::vector<json> cases() {
  const json file = golden::read("callbacks.json");
  return {file["cases"].begin(), file["cases"].end()};
}

INSTANTIATE_TEST_SUITE_P(Keras, RateCallback, ::testing::ValuesIn(cases()));

const Tensor kX({4, 1}, {1, 2, 3, 4});
const Tensor kY({4, 1}, {2, 1, 4, 3});

FitOptions plateau(std::int64_t epochs) {
  return {.batch_size = 2,
          .epochs = epochs,
          .callbacks = {ReduceLROnPlateau{
              .monitor = "loss", .factor = 0.5, .patience = 2, .min_delta = 1.0, .cooldown = 1}}};
}

TEST(ReduceLROnPlateau, GoesOnAfterAStopAsIfNothingWas) {
  Sequential straight = line(0.01f), stopped = line(0.01f);
  const History whole = straight.fit(kX, kY, plateau(9));
  stopped.fit(kX, kY, plateau(4));
  FitOptions rest = plateau(9);
  rest.resume = true;
  EXPECT_EQ(stopped.fit(kX, kY, rest).history, whole.history);
  EXPECT_EQ(stopped.get_weights(), straight.get_weights());
  EXPECT_EQ(whole.history.at("learning_rate").front(), 0.01f);
  EXPECT_LT(whole.history.at("learning_rate").back(), 0.01f);
}

TEST(LearningRateScheduler, TakesASchedule) {
  Sequential model = line();
  const ExponentialDecay halves = {
      .initial_learning_rate = 0.25f, .decay_steps = 1, .decay_rate = 0.5f};
  const History history =
      model.fit(kX, kY, {.epochs = 3, .callbacks = {LearningRateScheduler(halves)}});
  EXPECT_EQ(history.history.at("learning_rate"), (std::vector<double>{0.25, 0.125, 0.0625}));
}

TEST(LearningRateScheduler, RefusesARateThatIsNoNumber) {
  Sequential model = line();
  const LearningRateScheduler bad([](std::int64_t, double) { return NAN; });
  EXPECT_ERROR(model.fit(kX, kY, {.callbacks = {bad}}),
               OptionError,
               "LearningRateScheduler: expected a finite rate from schedule, got nan in epoch 0.");
}

TEST(ReduceLROnPlateau, IsRefusedBesideASchedule) {
  Sequential model = line(ExponentialDecay{.decay_steps = 1});
  EXPECT_ERROR(model.fit(kX, kY, plateau(1)),
               StateError,
               "ReduceLROnPlateau: expected an optimizer with a number for learning_rate, got one "
               "with a schedule. Use one or the other.");
}

TEST(ReduceLROnPlateau, ChecksItsOptions) {
  EXPECT_ERROR(make_callback(ReduceLROnPlateau{.factor = 1.0}),
               OptionError,
               "ReduceLROnPlateau: expected factor below 1, got 1.");
}

TEST(LambdaCallback, CallsWhatIsThere) {
  std::string calls;
  const LambdaCallback lambdas = {
      .on_epoch_begin = [&](std::int64_t epoch) { calls += "b" + std::to_string(epoch); },
      .on_epoch_end = [&](std::int64_t, const Logs& logs) { calls += "e" + logs[0].first; },
      .on_train_end = [&] { calls += "."; },
      .on_train_batch_end = [&](std::int64_t batch,
                                const Logs&) { calls += std::to_string(batch); }};
  Sequential model = line();
  model.fit(kX, kY, {.batch_size = 2, .epochs = 2, .callbacks = {lambdas}});
  EXPECT_EQ(calls,
            "b001eloss"
            "b101eloss"
            ".");
}

}  // namespace
}  // namespace engram
