// SPDX-License-Identifier: Apache-2.0
/// SwapEMAWeights trains and judges as in Keras (tools/golden/swap_ema.py).
#include <gtest/gtest.h>

#include "engram/error.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/input.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"

namespace engram {
namespace {

Sequential small_model(bool has_average) {
  Sequential model(
      {Input{.shape = {3}}, Dense{.units = 4, .activation = "tanh"}, Dense{.units = 1}});
  model.compile(
      {.optimizer = SGD{.learning_rate = 0.1f, .use_ema = has_average, .ema_momentum = 0.5f}});
  return model;
}

void fill(Model& model, std::uint64_t seed) {
  std::vector<Tensor> weights;
  for (const WeightInfo& weight : model.weights()) {
    const double rows = static_cast<double>(weight.shape[0]);
    const float scale =
        weight.name == "bias"
            ? 0.5f
            : static_cast<float>(std::max(1.0, std::nearbyint(64 / std::sqrt(rows))) / 64);
    weights.push_back(golden::stream(seed * 1000 + 2 + weights.size(), weight.shape, scale));
  }
  model.set_weights(weights);
}

void expect_values(const Tensor& tensor, const golden::json& expected) {
  ASSERT_EQ(tensor.size(), static_cast<std::int64_t>(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(tensor.values()[i], expected[i].get<double>(), 1e-5);
  }
}

TEST(SwapEMAWeights, TrainsAndJudgesAsKeras) {
  const golden::json file = golden::read("swap_ema.json");
  ASSERT_EQ(file["cases"].size(), 2u);
  for (const golden::json& c : file["cases"]) {
    Sequential model = small_model(true);
    fill(model, 2801);
    const Tensor x = golden::stream(2801000, {12, 3}), y = golden::stream(2801001, {12, 1});
    const auto first = [](const Tensor& all, std::int64_t width) {
      const float* values = all.data();
      return Tensor({5, width}, std::vector<float>(values, values + 5 * width));
    };
    std::size_t epoch = 0;
    const LambdaCallback look{.on_epoch_end = [&](std::int64_t, const Logs&) {
      expect_values(model.get_weights()[0], c["seen"][epoch++]);
    }};
    const History history = model.fit(
        x,
        y,
        {.batch_size = 4,
         .epochs = 3,
         .callbacks = {SwapEMAWeights{.swap_on_epoch = c["swap_on_epoch"].get<bool>()}, look},
         .validation_data = {.x = first(x, 3), .y = first(y, 1)},
         .shuffle = false});
    EXPECT_EQ(epoch, 3u);
    for (const auto& [name, values] : c["history"].items()) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        EXPECT_NEAR(history.history.at(name).at(i), values[i].get<double>(), 1e-5) << name;
      }
    }
    const std::vector<Tensor> weights = model.get_weights();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      expect_values(weights[i], c["weights"][i]);
    }
  }
}

TEST(SwapEMAWeights, NeedsAnAverage) {
  Sequential model = small_model(false);
  EXPECT_ERROR(model.fit(Tensor({4, 3}), Tensor({4, 1}), {.callbacks = {SwapEMAWeights{}}}),
               StateError,
               "SwapEMAWeights: expected an optimizer with use_ema, got one that keeps no average "
               "of the weights.");
}

}  // namespace
}  // namespace engram
