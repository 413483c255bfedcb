// SPDX-License-Identifier: Apache-2.0
/// What holds for every kind of layer in the table: shapes, gradients, equal bits on any number of
/// threads, files. That the forward pass means what Keras means is for tests/golden.
#include <gtest/gtest.h>

#include <algorithm>

#include "contract/layer_cases.hpp"
#include "dot_product.hpp"
#include "io/same_model.hpp"
#include "layers/layer_spec.hpp"
#include "model/batches.hpp"
#include "temporary_folder.hpp"

namespace engram {

namespace {

class Layers : public testing::TestWithParam<LayerCase> {};

TEST_P(Layers, GradientsEqualDifferencesOfTheForwardPass) {
  expect_gradients_equal_differences(build_case(GetParam(), 3));
}

TEST_P(Layers, GiveTheShapeThatTheyInfer) {
  Built b = build_case(GetParam(), 2);
  const ModelData& data = b.model.data();
  Shape inferred = shapes_of(data.network, *data.inputs).outputs.back()[0];
  inferred.insert(inferred.begin(), 2);
  EXPECT_EQ(b.model.predict(b.x).shape(), inferred);
}

TEST_P(Layers, GiveTheSameBitsOnAnyNumberOfThreads) {
  std::vector<std::vector<Tensor>> results;
  const int before = threads();
  for (const int count : {1, 3}) {
    set_threads(count);
    Built b = build_case(GetParam(), 37);
    results.push_back(gradients_of(b.model.data(), b.x, b.y));
    results.back().push_back(b.model.predict(b.x));
    b.model.compile({.optimizer = "adam", .loss = Loss(DotProduct{})});
    b.model.train_on_batch(b.x, b.y);
    for (Tensor& weight : b.model.get_weights()) {
      results.back().push_back(std::move(weight));
    }
  }
  set_threads(before);
  EXPECT_TRUE(is_same(results[0], results[1]));
}

TEST_P(Layers, DoNotDependOnTheOtherRowsWhenPredicting) {
  Built b = build_case(GetParam(), 37);
  const Tensor all = b.model.predict(b.x, {.batch_size = 37});
  const Tensor few = b.model.predict(b.x, {.batch_size = 5});
  for (std::size_t i = 0; i < all.values().size(); ++i) {
    // Products of few rows may take another path through the kernels: rounding.
    ASSERT_NEAR(all.values()[i], few.values()[i], 1e-5 * (1 + std::abs(all.values()[i])));
  }
}

TEST_P(Layers, ComeBackFromFiles) {
  const TemporaryFolder folder;
  Built b = build_case(GetParam(), 3);
  b.model.compile({.optimizer = "adam", .loss = "mse"});
  b.model.train_on_batch(b.x, b.y);
  save_model(b.model, folder / "m.keras");
  Model loaded = load_model(folder / "m.keras");
  expect_same_model(loaded, b.model);
  EXPECT_TRUE(is_same(loaded.predict(b.x), b.model.predict(b.x)));
  EXPECT_EQ(loaded.train_on_batch(b.x, b.y), b.model.train_on_batch(b.x, b.y));
  expect_same_weights(loaded.data(), b.model.data());
}

INSTANTIATE_TEST_SUITE_P(Table, Layers, testing::ValuesIn(layer_cases()), [](const auto& tested) {
  return tested.param.name;
});

TEST(LayerTable, EachKindHasACase) {
  // Ids have no gradient; layers of several inputs have their cases among the graphs.
  const std::vector<std::string_view> elsewhere = {"CategoryEncoding",
                                                   "Discretization",
                                                   "HashedCrossing",
                                                   "Hashing",
                                                   "IntegerLookup",
                                                   "StringLookup",
                                                   "TextVectorization",
                                                   "InputLayer",
                                                   "Add",
                                                   "AdditiveAttention",
                                                   "Attention",
                                                   "Average",
                                                   "Concatenate",
                                                   "Dot",
                                                   "GroupQueryAttention",
                                                   "Maximum",
                                                   "Minimum",
                                                   "MultiHeadAttention",
                                                   "Multiply",
                                                   "Subtract",
                                                   // Cells are run by RNN.
                                                   "GRUCell",
                                                   "LSTMCell",
                                                   "SimpleRNNCell",
                                                   "StackedRNNCells"};
  const std::vector<LayerCase> all = layer_cases();
  for (const LayerSpec* spec : layers()) {
    const bool has_case = std::ranges::any_of(
        all, [&](const LayerCase& c) { return c.name.starts_with(spec->class_name); });
    EXPECT_TRUE(has_case || std::ranges::count(elsewhere, spec->class_name) == 1)
        << spec->class_name;
  }
}

}  // namespace
}  // namespace engram
