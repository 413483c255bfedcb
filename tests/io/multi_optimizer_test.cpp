// SPDX-License-Identifier: Apache-2.0
/// MultiOptimizer: who changes what, and files (keras_files_test has one of Keras's).
#include <gtest/gtest.h>

#include "engram/callbacks.hpp"
#include "engram/error.hpp"
#include "engram/inspect.hpp"
#include "engram/io.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/input.hpp"
#include "engram/layers/lstm.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "io/archive.hpp"
#include "io/same_model.hpp"
#include "io/weights_h5.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

using formats::Json;

Sequential model_with(const Optimizer& optimizer) {
  Sequential model({Input{.shape = {5, 2}}, LSTM{.units = 3}, Dense{.units = 1, .name = "last"}});
  model.compile({.optimizer = optimizer, .loss = "mse"});
  return model;
}

const Tensor kX = golden::stream(71000, {8, 5, 2}), kY = golden::stream(71001, {8, 1});

/// The weights of two models that began alike, one trained by `optimizer` and the other by `whole`.
std::vector<bool> same_weights(const Optimizer& optimizer, const Optimizer& whole) {
  Sequential one = model_with(optimizer), other = model_with(whole);
  other.set_weights(one.get_weights());
  for (Sequential* model : {&one, &other}) {
    model->train_on_batch(kX, kY);
    model->train_on_batch(kX, kY);
  }
  std::vector<bool> same;
  for (std::size_t i = 0; i < one.get_weights().size(); ++i) {
    same.push_back(is_same(one.get_weights()[i], other.get_weights()[i]));
  }
  return same;
}

// Gradients after the first batch depend on all weights: a rate of 0 keeps the others where they
// are.
TEST(MultiOptimizer, ChangesEachWeightByItsOptimizer) {
  const MultiOptimizer rests{.optimizer_map = {.default_optimizer = SGD{.learning_rate = 0.0f}}};
  EXPECT_EQ(same_weights(rests, SGD{.learning_rate = 0.0f}), std::vector<bool>(5, true));
  MultiOptimizer kernels = rests;
  kernels.optimizer_map.optimizer_map = {{"lstm/lstm_cell/.*", Adam{.learning_rate = 0.01f}},
                                         {"lstm/lstm_cell/bias", SGD{.learning_rate = 0.0f}}};
  EXPECT_EQ(same_weights(kernels, SGD{.learning_rate = 0.0f}),
            (std::vector<bool>{false, false, true, true, true}));
  MultiOptimizer all{.optimizer_map = {.default_optimizer = Adam{.learning_rate = 0.01f}}};
  EXPECT_EQ(same_weights(all, Adam{.learning_rate = 0.01f}), std::vector<bool>(5, true));
}

TEST(MultiOptimizer, CopiesOfOneOptimizerClipTogether) {
  const Optimizer one = SGD{.learning_rate = 0.1f, .global_clipnorm = 1e-3f};
  const MultiOptimizer shared{
      .optimizer_map = {.default_optimizer = one, .optimizer_map = {{"lstm/.*", one}}}};
  EXPECT_EQ(same_weights(shared, one), std::vector<bool>(5, true));
  MultiOptimizer apart = shared;
  apart.optimizer_map.default_optimizer = SGD{.learning_rate = 0.1f, .global_clipnorm = 1e-3f};
  EXPECT_EQ(same_weights(apart, one), std::vector<bool>(5, false));
}

TEST(MultiOptimizer, ComesBackFromAFileWithWhatIsShared) {
  const Optimizer one = RMSprop{.learning_rate = 0.02f, .momentum = 0.5f};
  Sequential model = model_with(
      MultiOptimizer{.optimizer_map = {.default_optimizer = Nadam{},
                                       .optimizer_map = {{"lstm/.*/kernel", one},
                                                         {"lstm/.*/recurrent_kernel", RMSprop{}},
                                                         {"last/bias", one},
                                                         {"nothing", Ftrl{}}}}});
  const TemporaryFolder folder;
  for (int i = 0; i < 3; ++i) {
    save_model(model, folder / "m.keras");
    Model back = load_model(folder / "m.keras");
    expect_same_model(back, model);
    back.train_on_batch(kX, kY);
    model.train_on_batch(kX, kY);
    expect_same_model(back, model);
  }
  const Compiled& compiled = *model.data().compiled;
  ASSERT_EQ(compiled.optimizers.size(), 4u);
  EXPECT_EQ(compiled.optimizers[0].changes, (std::vector<bool>{true, false, false, false, true}));
  EXPECT_EQ(*describe(model).optimizer, "MultiOptimizer with RMSprop, RMSprop, Ftrl, Nadam");
  EXPECT_EQ(describe(model).learning_rates.size(), 4u);
}

TEST(MultiOptimizer, BeginsAnewWhereKerasSharedOutByOtherPaths) {
  Model model =
      load_model(std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/keras/multi_optimizer_anew.keras");
  ASSERT_EQ(describe(model).warnings.size(), 1u);
  EXPECT_NE(describe(model).warnings[0].find("begins anew"), std::string::npos);
  EXPECT_EQ(model.data().compiled->iterations, 0);
  model.train_on_batch(kX, kY);
  const TemporaryFolder folder;
  save_model(model, folder / "m.keras");
  EXPECT_TRUE(describe(load_model(folder / "m.keras")).warnings.empty());
}

/// As any class in a compile_config may be: with its defaults.
TEST(MultiOptimizer, IsReadWithoutAConfig) {
  for (const Json& named : {Json("multi_optimizer"), Json({{"class_name", "MultiOptimizer"}})}) {
    const TemporaryFolder folder;
    Archive archive = small_archive();
    archive.compile()["optimizer"] = named;
    Model model = load_model(archive.write(folder));
    ASSERT_TRUE(model.is_compiled()) << model.data().compile_problem;
    EXPECT_EQ(*describe(model).optimizer, "MultiOptimizer with RMSprop");
  }
}

TEST(MultiOptimizer, ResumesWithTheSameBits) {
  const MultiOptimizer multi{
      .optimizer_map = {
          .default_optimizer = Adam{},
          .optimizer_map = {
              {"last/.*",
               SGD{.learning_rate = ExponentialDecay{
                       .initial_learning_rate = 0.1f, .decay_steps = 2, .decay_rate = 0.9f}}}}}};
  Sequential whole = model_with(multi), stopped = model_with(multi), resumed = model_with(multi);
  for (Sequential* model : {&stopped, &resumed}) {
    model->set_weights(whole.get_weights());
    model->data().seed = whole.data().seed;
  }
  whole.fit(kX, kY, {.batch_size = 3, .epochs = 4, .verbose = 0});
  const TemporaryFolder folder;
  const BackupAndRestore backup{.backup_dir = folder / "backup", .delete_checkpoint = false};
  stopped.fit(kX, kY, {.batch_size = 3, .epochs = 2, .verbose = 0, .callbacks = {backup}});
  resumed.fit(kX, kY, {.batch_size = 3, .epochs = 4, .verbose = 0, .callbacks = {backup}});
  expect_same_weights(resumed.data(), whole.data());
  expect_same_compiled(resumed.data(), whole.data());
}

TEST(MultiOptimizer, RefusesWhatContradicts) {
  const auto multi = [](std::vector<std::pair<std::string, Optimizer>> entries) {
    return MultiOptimizer{
        .optimizer_map = {.default_optimizer = Adam{}, .optimizer_map = std::move(entries)}};
  };
  EXPECT_ERROR(model_with(multi({{"lstm/.*", SGD{}}, {".*/bias", SGD{}}})),
               OptionError,
               "MultiOptimizer: lstm/lstm_cell/bias: expected one key of optimizer_map that "
               "matches, got 'lstm/.*' and '.*/bias'.");
  EXPECT_ERROR(model_with(multi({{"a", SGD{}}, {"a", SGD{}}})),
               OptionError,
               "MultiOptimizer: expected each key of optimizer_map once, got 'a' twice.");
  EXPECT_THROW(model_with(multi({{"(", SGD{}}})), OptionError);
  EXPECT_ERROR(model_with(multi({{"a", LossScaleOptimizer{}}})),
               OptionError,
               "MultiOptimizer: expected optimizers that hold no others, got a "
               "LossScaleOptimizer.");
  EXPECT_THROW(model_with(multi({{"a", multi({})}})), OptionError);
  EXPECT_THROW(model_with(LossScaleOptimizer{.inner_optimizer = multi({})}), OptionError);
  EXPECT_THROW(model_with(multi({{"a", SGD{.clipnorm = 1, .clipvalue = 1}}})), OptionError);
  EXPECT_THROW(model_with(multi({{"a", SGD{.momentum = 2}}})), OptionError);
}

/// A compile() that fails leaves the model as it was.
TEST(MultiOptimizer, RefusedLeavesTheModelAsItWas) {
  const MultiOptimizer two_matches{
      .optimizer_map = {.optimizer_map = {{"lstm/.*", SGD{}}, {".*/bias", SGD{}}}}};
  Sequential model = model_with(Adam{});
  model.train_on_batch(kX, kY);
  EXPECT_THROW(model.compile({.optimizer = two_matches, .loss = "mae"}), OptionError);
  EXPECT_THROW(model.compile({.optimizer = SGD{.clipnorm = 1, .clipvalue = 1}}), OptionError);
  EXPECT_EQ(*describe(model).optimizer, "Adam");
  EXPECT_EQ(model.data().compiled->iterations, 1);
  model.train_on_batch(kX, kY);
  EXPECT_EQ(model.data().compiled->iterations, 2);

  Sequential unbuilt({LSTM{.units = 3}});
  unbuilt.compile({.optimizer = two_matches, .loss = "mse"});
  EXPECT_THROW(unbuilt.build({5, 2}), OptionError);
  EXPECT_FALSE(unbuilt.is_built());
  unbuilt.compile({.optimizer = "adam", .loss = "mse"});
  unbuilt.fit(kX, golden::stream(71002, {8, 3}), {.epochs = 1, .verbose = 0});
}

/// summary() counts what files hold.
TEST(MultiOptimizer, CountsTheVariablesOfFiles) {
  const MultiOptimizer multi{
      .optimizer_map = {.default_optimizer = Adam{},
                        .optimizer_map = {{"lstm/.*", Nadam{}}, {"nothing", Nadam{}}}}};
  const LossScaleOptimizer scaled{.inner_optimizer = Nadam{}};
  for (const Optimizer& optimizer : {Optimizer(multi), Optimizer(scaled), Optimizer(Nadam{})}) {
    SCOPED_TRACE(optimizer.spec().class_name);
    const Sequential model = model_with(optimizer);
    std::int64_t held = 0;
    for (const auto& [path, dataset] : io::weights_h5(model.data()).datasets) {
      held += path.starts_with("optimizer/vars/") ? size_of(dataset.shape) : 0;
    }
    EXPECT_EQ(count_optimizer_params(model.data()), held);
  }
}

TEST(MultiOptimizer, HasNoRateThatACallbackCouldSet) {
  Sequential model = model_with(MultiOptimizer{});
  const auto fit = [&](const AnyCallback& callback) {
    model.fit(kX, kY, {.verbose = 0, .callbacks = {callback}});
  };
  EXPECT_ERROR(fit(ReduceLROnPlateau{}),
               StateError,
               "ReduceLROnPlateau: expected an optimizer with one learning_rate, got a "
               "MultiOptimizer. Give its optimizers schedules.");
  EXPECT_THROW(fit(SwapEMAWeights{}), StateError);
}

}  // namespace
}  // namespace engram
