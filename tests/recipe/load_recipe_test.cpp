// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "engram/engram.hpp"
#include "expect_error.hpp"
#include "layers/layer_spec.hpp"

namespace engram {
namespace {

struct Bundled {
  std::string name;
  Shape input;
  std::int64_t params;
};

class BundledRecipe : public testing::TestWithParam<Bundled> {};

TEST_P(BundledRecipe, HasTheChaptersParameters) {
  Sequential model = make_model(load_recipe(GetParam().name));

  model.build(GetParam().input);

  EXPECT_EQ(model.count_params(), GetParam().params);
}

INSTANTIATE_TEST_SUITE_P(Seven,
                         BundledRecipe,
                         testing::Values(Bundled{"stock-rnn", {60, 1}, 24761},
                                         Bundled{"stock-lstm", {60, 1}, 98741},
                                         Bundled{"stock-gru", {60, 1}, 74621},
                                         Bundled{"letters-onehot-1", {1, 5}, 47},
                                         Bundled{"letters-onehot-4", {4, 5}, 47},
                                         Bundled{"letters-embedding-1", {1}, 48},
                                         Bundled{"letters-embedding-4", {4}, 468}));

TEST(LoadRecipe, NamesTheSevenInOrder) {
  EXPECT_EQ(recipe_names(),
            (std::vector<std::string>{"stock-rnn",
                                      "stock-lstm",
                                      "stock-gru",
                                      "letters-onehot-1",
                                      "letters-onehot-4",
                                      "letters-embedding-1",
                                      "letters-embedding-4"}));
}

TEST(LoadRecipe, ReadsLayersOptimizerAndLoss) {
  const Recipe recipe = load_recipe("stock-lstm");

  ASSERT_EQ(recipe.layers.size(), 5u);
  EXPECT_EQ(recipe.layers[0].get_if<LSTM>()->units, 80);
  EXPECT_TRUE(recipe.layers[0].get_if<LSTM>()->return_sequences);
  EXPECT_EQ(recipe.layers[1].get_if<Dropout>()->rate, 0.2f);
  EXPECT_EQ(recipe.compile.optimizer.get_if<Adam>()->learning_rate.at(0), 0.001f);
  EXPECT_NE(recipe.compile.loss.get_if<MeanSquaredError>(), nullptr);
  EXPECT_TRUE(recipe.validates_on_test);
  EXPECT_EQ(recipe.monitor, "val_loss");
}

TEST(LoadRecipe, ReadsItsOwnResolvedText) {
  const Recipe recipe = load_recipe("letters-embedding-4", {"fit.epochs=7"});
  const std::string path = testing::TempDir() + "resolved.toml";
  std::ofstream(path) << recipe.toml;

  EXPECT_EQ(load_recipe(path).toml, recipe.toml);
  std::remove(path.c_str());
}

TEST(LoadRecipe, TakesSettingsOfAnyDepth) {
  const Recipe recipe = load_recipe("stock-gru",
                                    {"data.column=close",
                                     "layers.0.units=12",
                                     "compile.optimizer={class=\"SGD\", clipnorm=1}",
                                     "layers.0.kernel_initializer=he_normal",
                                     "layers.2.kernel_initializer={class=\"RandomUniform\", "
                                     "minval=-0.5}"});

  EXPECT_EQ(std::get<SeriesSource>(recipe.data).column, "close");
  EXPECT_EQ(recipe.layers[0].get_if<GRU>()->units, 12);
  EXPECT_EQ(recipe.layers[0].get_if<GRU>()->kernel_initializer.class_name(), "HeNormal");
  EXPECT_EQ(recipe.layers[2].get_if<GRU>()->kernel_initializer.a, -0.5f);
  EXPECT_EQ(recipe.compile.optimizer.get_if<SGD>()->clipnorm, 1.0f);
}

TEST(LoadRecipe, TakesAnOptimizerAroundAnother) {
  const Recipe recipe =
      load_recipe("stock-gru",
                  {"compile.optimizer={class=\"LossScaleOptimizer\", dynamic_growth_steps=5, "
                   "inner_optimizer={class=\"Muon\", exclude_layers=[\"gru\", \"^dense\"]}}"});

  const auto* around = recipe.compile.optimizer.get_if<LossScaleOptimizer>();
  EXPECT_EQ(around->dynamic_growth_steps, 5);
  EXPECT_EQ(around->inner_optimizer.get_if<Muon>()->exclude_layers,
            (std::vector<std::string>{"gru", "^dense"}));
  const Recipe shared =
      load_recipe("stock-gru",
                  {"compile.optimizer={class=\"MultiOptimizer\", optimizer_map={class="
                   "\"OptimizerMap\", default_optimizer=\"sgd\", optimizer_map={\"gru/.*\"={class="
                   "\"Adam\", learning_rate=0.02}, \"dense/bias\"=\"lion\"}}}"});
  const auto* multi = shared.compile.optimizer.get_if<MultiOptimizer>();
  ASSERT_NE(multi, nullptr);
  EXPECT_NE(multi->optimizer_map.default_optimizer.get_if<SGD>(), nullptr);
  ASSERT_EQ(multi->optimizer_map.optimizer_map.size(), 2u);
  EXPECT_NE(multi->optimizer_map.optimizer_map[0].second.get_if<Lion>(), nullptr);
  EXPECT_EQ(multi->optimizer_map.optimizer_map[1].first, "gru/.*");
  EXPECT_THROW(
      load_recipe("stock-gru", {"compile.optimizer={class=\"Muon\", exclude_layers=[\"(\"]}"}),
      OptionError);
}

TEST(LoadRecipe, TakesSizesAtBothEndsAndSizesThatMayBeMissing) {
  const std::string path = testing::TempDir() + "windows.toml";
  std::ofstream(path) << R"(
name = "windows"
[data]
letters = "abc"
[[layers]]
class = "Cropping2D"
cropping = [[1, 2], 3]
[[layers]]
class = "ZeroPadding2D"
padding = 4
[[layers]]
class = "Conv1DTranspose"
filters = 1
kernel_size = 2
[[layers]]
class = "Conv2DTranspose"
filters = 1
kernel_size = 2
strides = 3
output_padding = [0, 2]
[compile]
optimizer = "adam"
loss = "mean_squared_error"
)";
  const Recipe recipe = load_recipe(path);
  std::remove(path.c_str());
  using Pairs = std::array<std::array<std::int64_t, 2>, 2>;

  EXPECT_EQ(recipe.layers[0].get_if<Cropping2D>()->cropping, (Pairs{{{1, 2}, {3, 3}}}));
  EXPECT_EQ(recipe.layers[1].get_if<ZeroPadding2D>()->padding, (Pairs{{{4, 4}, {4, 4}}}));
  EXPECT_EQ(recipe.layers[2].get_if<Conv1DTranspose>()->output_padding, std::nullopt);
  EXPECT_EQ(*recipe.layers[3].get_if<Conv2DTranspose>()->output_padding,
            (std::array<std::int64_t, 2>{0, 2}));
}

struct Wrong {
  std::string setting, message;
};

class WrongSetting : public testing::TestWithParam<Wrong> {};

TEST_P(WrongSetting, IsRefusedWithItsMessage) {
  EXPECT_ERROR(load_recipe("stock-lstm", {GetParam().setting}),
               OptionError,
               ("--set " + GetParam().setting + ": " + GetParam().message).c_str());
}

INSTANTIATE_TEST_SUITE_P(
    Messages,
    WrongSetting,
    testing::Values(
        Wrong{"layers.0.units=0", "LSTM: expected units at least 1, got 0."},
        Wrong{"layers.0.units=1.5", "LSTM: expected units as a whole number, got 1.5."},
        Wrong{"layers.1.rate=1", "Dropout: expected rate in [0, 1), got 1."},
        Wrong{"layers.0.return_sequences=1",
              "LSTM: expected return_sequences as true or false, got 1."},
        Wrong{"layers.0.activation=tan",
              fmt::format("LSTM: expected a supported activation, got 'tan'. Did you mean 'tanh'? "
                          "Supported: {}.",
                          fmt::join(Activation::names(), ", "))},
        Wrong{"layers.0.activity_regularizer=true",
              "LSTM: expected activity_regularizer as a name in quotes, or a table with a class, "
              "got true."},
        Wrong{"layers.4.quantization_config=true",
              "Dense: expected quantization_config left out, got true. Keras has this option; no "
              "other value is supported here yet."},
        Wrong{"fit.validation=2",
              "fit: expected validation \"test\", \"none\" or a share between 0 and 1, got 2."},
        Wrong{"fit.monitor=acc", "fit: expected monitor one of loss, val_loss, got 'acc'."},
        Wrong{"data.scaler=max",
              "data: expected scaler \"minmax\", \"standard\" or \"none\", got 'max'."},
        Wrong{"name=a/b", "recipe: expected name of letters, digits, - and _, got 'a/b'."}));

TEST(LoadRecipe, RefusesValidationOnTestRowsThatAreNotThere) {
  EXPECT_ERROR(
      load_recipe("stock-lstm", {"data.test_rows=0"}),
      OptionError,
      "stock-lstm.toml:42: fit: expected validation other than \"test\" without test rows, "
      "got 'test'.");
}

TEST(LoadRecipe, NamesFileAndLineOfAFault) {
  const std::string path = testing::TempDir() + "fault.toml";
  std::ofstream(path) << "[data]\nletters = \"abc\"\n\n[[layers]]\nclass = \"LTSM\"\n";

  EXPECT_ERROR(load_recipe(path),
               OptionError,
               fmt::format("{}:5: class: expected a supported layer, got 'LTSM'. Did you mean "
                           "'LSTM'? Supported: {}.",
                           path,
                           fmt::join(layer_names(), ", "))
                   .c_str());
  std::remove(path.c_str());
}

}  // namespace
}  // namespace engram
