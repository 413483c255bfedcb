// SPDX-License-Identifier: Apache-2.0
/// Attention layers built in code; tests/io/graph_files_test.cpp compares them with Keras.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "chapter_models.hpp"
#include "dot_product.hpp"
#include "engram/error.hpp"
#include "engram/functional.hpp"
#include "engram/layers/attention.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/group_query_attention.hpp"
#include "engram/layers/input.hpp"
#include "engram/layers/masking.hpp"
#include "engram/layers/multi_head_attention.hpp"
#include "engram/runtime.hpp"
#include "expect_error.hpp"
#include "model/batches.hpp"

namespace engram {
namespace {

using testing_models::waves;

struct AttentionCase {
  std::string name;
  Layer layer;
  bool has_key = false, is_masked = false;
};

void PrintTo(const AttentionCase& c, std::ostream* out) { *out << c.name; }

/// Projections of two series, so that gradients by query, value and key show in their kernels.
struct Built {
  Functional model;
  std::vector<Tensor> x, y;
};

Built build_case(const AttentionCase& c, std::int64_t rows) {
  const KerasTensor a = Input{.shape = {4, 3}}, b = Input{.shape = {5, 2}};
  const KerasTensor masked = c.is_masked ? Layer(Masking{})(b) : b;
  std::vector<KerasTensor> inputs = {Layer(Dense{.units = 3})(a), Layer(Dense{.units = 3})(masked)};
  if (c.has_key) {
    inputs.push_back(Layer(Dense{.units = 3})(b));
  }
  const KerasTensor result = c.layer(inputs);
  std::vector<KerasTensor> outputs = {result};
  if (result.call()->outputs.size() > 1) {
    outputs.push_back(result.output(1));
  }
  Built built{
      Functional({a, b}, outputs), {waves({rows, 4, 3}, 0.7f), waves({rows, 5, 2}, 1.9f)}, {}};
  if (c.is_masked) {  // the first step of the first row
    std::fill_n(built.x[1].data(), 2, 0.0f);
  }
  std::vector<Loss> losses(outputs.size(), Loss(DotProduct{}));
  built.model.data().seed = 5;
  built.model.compile({.optimizer = SGD{.learning_rate = 0.0f}, .losses = losses});
  std::vector<Tensor> weights = built.model.get_weights();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = waves(weights[i].shape(), 0.3f * static_cast<float>(i + 2));
  }
  built.model.set_weights(weights);
  for (const Tensor& predicted : built.model.predict(built.x)) {
    built.y.push_back(waves(predicted.shape(), 2.3f));
  }
  return built;
}

/// The sum of all outputs times their targets in training, with the same dropout each time.
double training_loss(Built& b) {
  b.model.data().compiled->iterations = 0;
  const Logs logs = b.model.train_on_batch(b.x, b.y);
  double sum = 0;
  for (std::size_t i = 0; i < b.y.size(); ++i) {  // with several outputs the first log is of all
    const auto places = static_cast<double>(b.y[i].size() / b.y[i].shape().back());
    sum += places * logs[b.y.size() == 1 ? 0 : i + 1].second;
  }
  return sum;
}

/// SGD's step of rate 1 from the same weights: DotProduct's gradient is that of the sum.
std::vector<Tensor> gradients(Built& b, const std::vector<Tensor>& start) {
  std::vector<Loss> losses(b.y.size(), Loss(DotProduct{}));
  b.model.set_weights(start);
  b.model.compile({.optimizer = SGD{.learning_rate = 1.0f}, .losses = losses});
  b.model.train_on_batch(b.x, b.y);
  std::vector<Tensor> result = b.model.get_weights();
  for (std::size_t w = 0; w < start.size(); ++w) {
    for (std::int64_t i = 0; i < start[w].size(); ++i) {
      result[w].data()[i] = start[w].data()[i] - result[w].data()[i];
    }
  }
  b.model.compile({.optimizer = SGD{.learning_rate = 0.0f}, .losses = losses});
  return result;
}

class Attentions : public testing::TestWithParam<AttentionCase> {};

TEST_P(Attentions, GradientsEqualDifferencesOfTheForwardPass) {
  Built b = build_case(GetParam(), 3);
  const std::vector<Tensor> start = b.model.get_weights();
  const std::vector<Tensor> expected = gradients(b, start);
  const float step = 1e-2f;
  for (std::size_t w = 0; w < start.size(); ++w) {
    double largest = 0.3;  // float32's rounding of the loss, about 5, over the step
    for (const float g : expected[w].values()) {
      largest = std::max(largest, static_cast<double>(std::abs(g)));
    }
    for (std::int64_t i = 0; i < start[w].size(); ++i) {
      const auto loss_at = [&](float change) {
        std::vector<Tensor> weights = start;
        weights[w].data()[i] += change;
        b.model.set_weights(weights);
        return training_loss(b);
      };
      const double slope = (loss_at(step) - loss_at(-step)) / (2.0 * step);
      // Third derivatives of softmax and tanh times step^2, and float32's rounding over the step.
      ASSERT_NEAR(expected[w].data()[i], slope, 2e-3 * largest)
          << b.model.weights()[w].path << " element " << i;
    }
  }
}

TEST_P(Attentions, GiveTheSameBitsOnAnyNumberOfThreads) {
  std::vector<std::vector<Tensor>> results;
  const int before = threads();
  for (const int count : {1, 3}) {
    set_threads(count);
    Built b = build_case(GetParam(), 37);
    b.model.compile({.optimizer = "adam", .losses = {b.y.size(), Loss(DotProduct{})}});
    b.model.train_on_batch(b.x, b.y);
    results.push_back(b.model.get_weights());
  }
  set_threads(before);
  EXPECT_EQ(results[0], results[1]);
}

INSTANTIATE_TEST_SUITE_P(
    Options,
    Attentions,
    testing::Values(
        AttentionCase{"Dot", Attention{}},
        AttentionCase{"DotScaled", Attention{.use_scale = true, .use_causal_mask = true}, true},
        AttentionCase{"DotScores", Attention{.return_attention_scores = true}, true, true},
        AttentionCase{
            "DotDropout", Attention{.dropout = 0.4f, .return_attention_scores = true}, false, true},
        AttentionCase{"Concat", Attention{.use_scale = true, .score_mode = "concat"}, true},
        AttentionCase{"ConcatPlain", Attention{.score_mode = "concat"}},
        AttentionCase{"Additive", AdditiveAttention{}, true, true},
        AttentionCase{"AdditivePlain", AdditiveAttention{.use_scale = false, .dropout = 0.2f}},
        AttentionCase{"Heads", MultiHeadAttention{.num_heads = 2, .key_dim = 3}},
        AttentionCase{"HeadsKey",
                      MultiHeadAttention{.num_heads = 3,
                                         .key_dim = 2,
                                         .value_dim = 4,
                                         .use_bias = false,
                                         .output_shape = {5},
                                         .use_causal_mask = true},
                      true,
                      true},
        AttentionCase{
            "HeadsGate",
            MultiHeadAttention{.num_heads = 2, .key_dim = 3, .value_dim = 2, .use_gate = true}},
        AttentionCase{
            "Groups",
            GroupQueryAttention{.head_dim = 2, .num_query_heads = 4, .num_key_value_heads = 2},
            true,
            true},
        AttentionCase{"GroupsGate",
                      GroupQueryAttention{.head_dim = 3,
                                          .num_query_heads = 3,
                                          .num_key_value_heads = 1,
                                          .dropout = 0.3f,
                                          .use_gate = true,
                                          .return_attention_scores = true}},
        AttentionCase{"HeadsDropout",
                      MultiHeadAttention{.num_heads = 2,
                                         .key_dim = 2,
                                         .dropout = 0.3f,
                                         .sliding_window = 2,
                                         .return_attention_scores = true},
                      false,
                      true}),
    [](const auto& tested) { return tested.param.name; });

TEST(Attention, WeighsValuesByTheirKeys) {
  const KerasTensor q = Input{.shape = {1, 1}}, v = Input{.shape = {2, 1}};
  Functional model({q, v}, {Layer(Attention{})({q, v})});
  // softmax(2 * 0, 2 * ln 3) = 1 / 10, 9 / 10
  const float log3 = std::log(3.0f);
  const Tensor y =
      model.predict(std::vector<Tensor>{Tensor({1, 1, 1}, {2}), Tensor({1, 2, 1}, {0, log3})})[0];
  EXPECT_NEAR(y.data()[0], 0.9f * log3, 1e-6);  // some roundings of a number near 1
}

TEST(Attention, RefusesInputsThatDoNotFit) {
  const KerasTensor a = Input{.shape = {4, 3}}, b = Input{.shape = {5, 2}}, c = Input{.shape = {3}};
  EXPECT_ERROR(Layer(Attention{})(a),
               ShapeError,
               "Attention 'attention': expected inputs query, value and, maybe, key, got 1.");
  EXPECT_ERROR(Layer(Attention{})({a, b}),
               ShapeError,
               "Attention 'attention': expected queries and keys of as many features, got (4, 3) "
               "and (5, 2).");
  EXPECT_ERROR(Layer(AdditiveAttention{})({a, c}),
               ShapeError,
               "AdditiveAttention 'additive_attention': expected inputs of rank 3 (batch, time, "
               "features), got (3,) a sample.");
  EXPECT_ERROR(Layer(MultiHeadAttention{.num_heads = 1, .key_dim = 1})({a, b, a}),
               ShapeError,
               "MultiHeadAttention 'multi_head_attention': expected as many keys as values, got "
               "(4, 3) and (5, 2).");
  EXPECT_ERROR(
      Layer(GroupQueryAttention{.head_dim = 1, .num_query_heads = 3, .num_key_value_heads = 2})(
          {a, a}),
      OptionError,
      "GroupQueryAttention 'grouped_query_attention': expected num_query_heads a multiple of "
      "num_key_value_heads, got 3 and 2.");
  EXPECT_ERROR(
      Layer(GroupQueryAttention{.head_dim = 1, .num_query_heads = 2, .num_key_value_heads = 2})(
          {a, b}),
      ShapeError,
      "GroupQueryAttention 'grouped_query_attention': expected queries and values of as many "
      "features, got (4, 3) and (5, 2).");
  EXPECT_ERROR(
      Layer(MultiHeadAttention{.num_heads = 1, .key_dim = 1, .attention_axes = {2}})({a, b}),
      OptionError,
      "MultiHeadAttention 'multi_head_attention': expected attention_axes 1, the time axis, got "
      "(2,).");
  EXPECT_ERROR(
      Layer(MultiHeadAttention{.num_heads = 1, .key_dim = 1, .output_shape = {2, 3}})({a, b}),
      OptionError,
      "MultiHeadAttention 'multi_head_attention': expected output_shape of one size of at least 1, "
      "got (2, 3).");
}

}  // namespace
}  // namespace engram
