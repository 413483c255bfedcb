// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "engram/engram.hpp"
#include "expect_error.hpp"

namespace engram {
namespace {

TEST(MakeSamples, OfTheStockRecipeHaveTheChaptersShapes) {
  const Samples samples = make_samples(load_recipe("stock-lstm"));

  EXPECT_EQ(samples.x.shape(), (Shape{2066, 60, 1}));
  EXPECT_EQ(samples.y.shape(), (Shape{2066}));
  EXPECT_EQ(samples.x_test.shape(), (Shape{240, 60, 1}));
  EXPECT_EQ(samples.y_test.shape(), (Shape{240}));
}

TEST(MakeSamples, ScaleByTheTrainingRowsAlone) {
  const Samples samples = make_samples(load_recipe("stock-lstm"));
  const auto [train, test] = split_last(read_series("simulated").column("open"), 300);

  EXPECT_EQ(std::stod(samples.notes.at("scaler.data_min")),
            *std::min_element(train.begin(), train.end()));
  EXPECT_EQ(std::stod(samples.notes.at("scaler.data_max")),
            *std::max_element(train.begin(), train.end()));
}

TEST(MakeSamples, ShuffleTrainingWindowsAsNumpy) {
  const Samples plain = make_samples(load_recipe("letters-embedding-4", {"data.shuffle_seed=7"}));

  // numpy.random.seed(7) puts window 1 (bcde) first, then window 5 (fghi).
  EXPECT_EQ(plain.x.rows(0, 2).tensor(), Tensor({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(plain.y.rows(0, 2).tensor(), Tensor({2}, {5, 9}));
}

TEST(MakeSamples, OfACycleOfLettersGoRound) {
  Recipe recipe = load_recipe("letters-onehot-4");
  recipe.shuffle_seed.reset();

  const Samples samples = make_samples(recipe);

  EXPECT_EQ(samples.x.shape(), (Shape{5, 4, 5}));
  EXPECT_EQ(samples.y.tensor(), Tensor({5}, {4, 0, 1, 2, 3}));
}

TEST(MakeSamples, RefuseAWindowAsLongAsTheAlphabet) {
  EXPECT_ERROR(make_samples(load_recipe("letters-embedding-4", {"data.window=26"})),
               OptionError,
               "data: window: expected a window shorter than the alphabet, got 26 of 26 letters.");
}

TEST(MakeModel, HasWeightsByTheSeedAlone) {
  Sequential a = make_model(load_recipe("letters-onehot-1", {"fit.seed=3"}));
  Sequential b = make_model(load_recipe("letters-onehot-1", {"fit.seed=3"}));
  Sequential c = make_model(load_recipe("letters-onehot-1", {"fit.seed=4"}));
  a.build({1, 5});
  b.build({1, 5});
  c.build({1, 5});

  EXPECT_EQ(a.get_weights(), b.get_weights());
  EXPECT_NE(a.get_weights(), c.get_weights());
}

}  // namespace
}  // namespace engram
