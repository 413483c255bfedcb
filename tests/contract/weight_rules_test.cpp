// SPDX-License-Identifier: Apache-2.0
/// Regularizers and constraints of the weights of each layer.
#include <gtest/gtest.h>

#include <algorithm>

#include "contract/layer_cases.hpp"

namespace engram {

namespace {

/// A layer whose weights named `weight` have a penalty and may not be negative.
struct RuledCase {
  std::string name, weight;
  Layer layer;
  Shape sample;
};

TEST(WeightRules, OfEachLayerPenalizeAndConstrain) {
  const Regularizer l2 = L2{.l2 = 0.25f};
  const Constraint positive = NonNeg{};
  const Shape video = {3, 4, 5, 2};
  const std::vector<RuledCase> cases = {
      {"LSTM",
       "projection_kernel",
       LSTM{.units = 3,
            .proj_size = 2,
            .projection_regularizer = l2,
            .projection_constraint = positive},
       {4, 2}},
      {"Conv1D",
       "kernel",
       Conv1D{
           .filters = 2, .kernel_size = 2, .kernel_regularizer = l2, .kernel_constraint = positive},
       kSequence},
      {"Conv2D",
       "bias",
       Conv2D{.filters = 2,
              .kernel_size = {2, 2},
              .bias_regularizer = l2,
              .bias_constraint = positive},
       kImage},
      {"ConvLSTM1D",
       "recurrent_kernel",
       ConvLSTM1D{.filters = 2,
                  .kernel_size = 2,
                  .recurrent_regularizer = l2,
                  .recurrent_constraint = positive},
       kImage},
      {"ConvLSTM2D",
       "bias",
       ConvLSTM2D{.filters = 1,
                  .kernel_size = {2, 2},
                  .bias_regularizer = l2,
                  .bias_constraint = positive},
       video},
      {"DepthwiseConv1D",
       "kernel",
       DepthwiseConv1D{
           .kernel_size = 2, .depthwise_regularizer = l2, .depthwise_constraint = positive},
       kSequence},
      {"SeparableConv1D",
       "pointwise_kernel",
       SeparableConv1D{.filters = 2,
                       .kernel_size = 2,
                       .pointwise_regularizer = l2,
                       .pointwise_constraint = positive},
       kSequence},
      {"SeparableConv2D",
       "depthwise_kernel",
       SeparableConv2D{.filters = 2,
                       .kernel_size = {2, 2},
                       .depthwise_regularizer = l2,
                       .depthwise_constraint = positive},
       kImage},
      {"Conv1DTranspose",
       "kernel",
       Conv1DTranspose{
           .filters = 2, .kernel_size = 2, .kernel_regularizer = l2, .kernel_constraint = positive},
       kSequence},
      {"PReLU", "alpha", PReLU{.alpha_regularizer = l2, .alpha_constraint = positive}, kSequence},
      {"BatchNormalization",
       "gamma",
       BatchNormalization{.gamma_regularizer = l2, .gamma_constraint = positive},
       kSequence},
      {"LayerNormalization",
       "beta",
       LayerNormalization{.beta_regularizer = l2, .beta_constraint = positive},
       kSequence}};
  for (const RuledCase& c : cases) {
    SCOPED_TRACE(c.name);
    Sequential model({Input{.shape = c.sample}, c.layer});
    Shape shape = c.sample;
    shape.insert(shape.begin(), 2);
    Tensor x(shape);  // zeros
    std::vector<Tensor> weights = model.get_weights();
    double penalty = 0;
    for (std::size_t w = 0; w < weights.size(); ++w) {
      for (std::int64_t i = 0; i < weights[w].size(); ++i) {
        weights[w].data()[i] =
            0.3f + (i % 2 == 0 ? 1.0f : -1.0f) * 0.05f * static_cast<float>(i + 7);
        if (model.weights()[w].name == "moving_variance") {
          weights[w].data()[i] = 1.0f;
        }
        const double value = weights[w].data()[i];
        penalty += model.weights()[w].name == c.weight ? 0.25 * value * value : 0;
      }
    }
    model.set_weights(weights);
    model.compile({.optimizer = SGD{.learning_rate = 1e-6f}, .loss = "mse"});
    const Tensor y = model.predict(x);
    // The targets are what the model predicts, but where it trains by the batch's own statistics.
    if (c.name != "BatchNormalization") {
      EXPECT_NEAR(model.evaluate(x, y)[0].second, penalty, 1e-5 * penalty);
    }
    model.train_on_batch(x, y);
    const std::vector<Tensor> after = model.get_weights();
    for (std::size_t w = 0; w < after.size(); ++w) {
      const auto negative = std::ranges::count_if(after[w].values(), [](float v) { return v < 0; });
      const std::string name = model.weights()[w].name;
      EXPECT_EQ(negative == 0, name == c.weight || name == "moving_variance") << name;
    }
  }
}

}  // namespace
}  // namespace engram
