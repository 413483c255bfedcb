// SPDX-License-Identifier: Apache-2.0
/// What holds for one kind of layer only.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "contract/layer_cases.hpp"
#include "dot_product.hpp"
#include "io/same_model.hpp"
#include "model/batches.hpp"

namespace engram {

namespace {

TEST(CategoryEncoding, CountsAlongTheLastAxis) {
  const Tensor x({2, 3}, {0, 2, 2, 1, 1, 1});
  const auto encoded = [&](const char* mode) {
    Sequential model({Input{.shape = {3}}, CategoryEncoding{.num_tokens = 3, .output_mode = mode}});
    return model.predict(x);
  };
  EXPECT_TRUE(is_same(encoded("multi_hot"), Tensor({2, 3}, {1, 0, 1, 0, 1, 0})));
  EXPECT_TRUE(is_same(encoded("count"), Tensor({2, 3}, {1, 0, 2, 0, 3, 0})));
  EXPECT_TRUE(is_same(encoded("one_hot"),
                      Tensor({2, 3, 3}, {1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0})));
}

TEST(Dropout, DrawsOneNumberWhereNoiseShapeIsOne) {
  for (const std::int64_t rows_drawn : {-1, 1}) {
    Built b = build_case(
        {"", {Dropout{.rate = 0.5f, .noise_shape = {rows_drawn, 1, 5, 1}, .seed = 1}}, kImage}, 20);
    std::ranges::fill(b.y.values(), 1.0f);
    const Tensor factors = gradients_of(b.model.data(), b.x, b.y)[0];  // by id, from 1
    const auto at = [&](std::int64_t row, std::int64_t t, std::int64_t i, std::int64_t feature) {
      return factors.at({1 + (row * 4 + t) * 5 + i, feature});
    };
    std::int64_t other_rows = 0, dropped = 0;
    for (std::int64_t i = 0; i < 20 * 20; ++i) {
      const std::int64_t row = i / 20, t = i / 5 % 4, place = i % 5;
      EXPECT_EQ(at(row, t, place, 0), at(row, t, place, 1));
      EXPECT_EQ(at(row, t, place, 0), at(row, 0, place, 0));
      other_rows += at(row, t, place, 0) != at(0, 0, place, 0) ? 1 : 0;
      dropped += at(row, t, place, 0) == 0 ? 1 : 0;
    }
    EXPECT_EQ(other_rows > 0, rows_drawn < 0);
    EXPECT_TRUE(dropped > 0 && dropped < 20 * 20);
  }
}

TEST(Normalization, AdaptsToData) {
  const Tensor x({2, 2, 2}, {1, 10, 3, 10, 5, 30, 7, 30});
  Normalization features;
  features.adapt(x);
  EXPECT_EQ(features.mean, (std::vector<float>{4, 20}));
  EXPECT_EQ(features.variance, (std::vector<float>{5, 100}));
  Normalization all{.axis = {}};
  all.adapt(x);
  EXPECT_EQ(all.mean, (std::vector<float>{12}));
  Sequential model({Input{.shape = {2, 2}}, features});
  EXPECT_EQ(model.predict(x).at({1, 0, 1}), 1);
}

TEST(SeparableConv1D, TrainsAsItsTwoHalves) {
  Sequential whole({Input{.shape = {6, 3}},
                    SeparableConv1D{.filters = 2, .kernel_size = 3, .activation = "sigmoid"}});
  Sequential halves({Input{.shape = {6, 3}},
                     DepthwiseConv1D{.kernel_size = 3, .use_bias = false},
                     Conv1D{.filters = 2, .kernel_size = 1, .activation = "sigmoid"}});
  halves.set_weights(whole.get_weights());
  Tensor x({5, 6, 3}), y({5, 4, 2});
  for (std::int64_t i = 0; i < x.size(); ++i) {
    x.data()[i] = std::sin(0.7f * static_cast<float>(i));
  }
  for (Model* model : {static_cast<Model*>(&whole), static_cast<Model*>(&halves)}) {
    model->compile({.optimizer = SGD{.learning_rate = 1.0f}, .loss = "binary_crossentropy"});
    model->train_on_batch(x, y);
  }
  EXPECT_TRUE(is_same(whole.get_weights(), halves.get_weights()));
}

/// As Keras 3.15.1 on TensorFlow, which pools rows first, then columns.
TEST(AdaptiveMaxPooling2D, TakesTheFirstOfEqualValuesByColumns) {
  Sequential model(
      {Embedding{.input_dim = 16, .output_dim = 1}, AdaptiveMaxPooling2D{.output_size = {2, 2}}});
  Tensor ids({1, 4, 4}), table({16, 1}), ones({1, 2, 2, 1});
  std::iota(ids.values().begin(), ids.values().end(), 0.0f);
  std::ranges::fill(ones.values(), 1.0f);
  for (const std::int64_t i : {1, 4, 11, 14}) {
    table.data()[i] = 1.0f;
  }
  model.compile({.optimizer = "sgd", .loss = Loss(DotProduct{})});
  model.build({4, 4});
  model.set_weights({table});
  const Tensor gradient = gradients_of(model.data(), ids, ones)[0];
  EXPECT_EQ(gradient.data()[4], 1);
  EXPECT_EQ(gradient.data()[1], 0);
  EXPECT_EQ(gradient.data()[14], 1);
  EXPECT_EQ(gradient.data()[11], 0);
}

TEST(SpatialDropout2D, DropsWholeFeatures) {
  for (const bool is_first : {false, true}) {
    Sequential model(
        {Input{.shape = {3, 4, 5}},
         SpatialDropout2D{.rate = 0.5f,
                          .data_format = is_first ? "channels_first" : "channels_last"},
         Embedding{.input_dim = 4, .output_dim = 1}});
    // Ones become 0 or 2; the Embedding counts them by the gradients of its rows.
    model.compile({.optimizer = SGD{.learning_rate = 1.0f}, .loss = Loss(DotProduct{})});
    Tensor x({1, 3, 4, 5}), y({1, 3, 4, 5, 1});
    std::ranges::fill(x.values(), 1.0f);
    std::ranges::fill(y.values(), 1.0f);
    const std::vector<Tensor> gradients = gradients_of(model.data(), x, y);
    const std::int64_t places = is_first ? 20 : 12;
    const float kept = gradients[0].at({2, 0}), dropped = gradients[0].at({0, 0});
    EXPECT_EQ(kept + dropped, 60);
    EXPECT_EQ(static_cast<std::int64_t>(kept) % places, 0);
  }
}

TEST(TimeDistributed, NormalizesByTheWholeBatch) {
  Tensor x({37, 4, 2}), y({37, 4, 1});  // more rows than a slice has
  for (std::int64_t i = 0; i < x.size(); ++i) {
    x.data()[i] = std::sin(0.7f * static_cast<float>(i)) * static_cast<float>(1 + i / 80);
  }
  const BatchNormalization normalization{.momentum = 0.5f};
  Sequential plain({normalization, Dense{.units = 1}});
  Sequential wrapped({TimeDistributed{.layer = normalization}, Dense{.units = 1}});
  for (Model* model : {static_cast<Model*>(&plain), static_cast<Model*>(&wrapped)}) {
    model->build({4, 2});
    model->compile({.optimizer = "sgd", .loss = "mse"});
  }
  wrapped.set_weights(plain.get_weights());
  plain.train_on_batch(x, y);
  wrapped.train_on_batch(x, y);
  const std::vector<Tensor> a = plain.get_weights(), b = wrapped.get_weights();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::int64_t k = 0; k < a[i].size(); ++k) {
      EXPECT_NEAR(a[i].data()[k], b[i].data()[k], 1e-5) << i;  // sums in another order
    }
  }
}

}  // namespace
}  // namespace engram
