// SPDX-License-Identifier: Apache-2.0
/// Models with stateful layers that real Keras wrote (tools/golden/stateful.py) carry their states
/// through predictions, training and evaluation as in Keras, and through files.
#include <gtest/gtest.h>

#include <atomic>

#include "engram/engram.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "io/archive.hpp"
#include "io/same_model.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

// Float32 results of differently ordered sums over 4 steps, carried through 16 batches and up to 12
// steps of Adam, of which each magnifies rounding in small gradients.
constexpr double kStatefulTolerance = 2e-5;

class ResetStates final : public Callback {
 public:
  void on_epoch_begin(std::int64_t) override { model().reset_states(); }
};

class StatefulFile : public ::testing::TestWithParam<const char*> {
 protected:
  Tensor tensor(const char* key) const {
    const golden::json& item = golden_[key];
    return {item["shape"].get<Shape>(), item["values"].get<std::vector<float>>()};
  }

  FitOptions training(std::int64_t epochs) const {
    return {.batch_size = 3,
            .epochs = epochs,
            .validation_data = {x_.rows(0, 6), y_.rows(0, 6)},
            .shuffle = false};
  }

  void expect_predictions(int index) {
    SCOPED_TRACE(index);
    const Tensor predicted = model_.predict(x_, {.batch_size = 3});
    golden::expect_near(predicted, golden_["predictions"][index], kStatefulTolerance);
  }

  void expect_history(const History& actual, const char* key) const {
    ASSERT_EQ(actual.history.size(), golden_[key].size());
    for (const auto& [name, values] : actual.history) {
      const auto expected = golden_[key].at(name).get<std::vector<double>>();
      ASSERT_EQ(values.size(), expected.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        EXPECT_NEAR(values[i], expected[i], kStatefulTolerance) << key << " " << name << " " << i;
      }
    }
  }

  const std::string name_ = std::string("keras/stateful_") + GetParam();
  golden::json golden_ = golden::read(name_ + ".json");
  Model model_ = load_model(std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/" + name_ + ".keras");
  Tensor x_ = tensor("x"), y_ = tensor("y");
};

TEST_P(StatefulFile, CarriesStatesAsKeras) {
  expect_predictions(0);
  expect_predictions(1);
  model_.reset_states();
  expect_predictions(2);
  FitOptions with_resets = training(2);
  with_resets.callbacks = {std::make_shared<ResetStates>()};
  expect_history(model_.fit(x_, y_, with_resets), "reset");
  expect_history(model_.fit(x_, y_, training(1)), "carried");
  EXPECT_NEAR(model_.evaluate(x_, y_, {.batch_size = 3})[0].second,
              golden_["evaluated"].get<double>(),
              kStatefulTolerance);
  expect_predictions(3);
  const std::vector<Tensor> weights = model_.get_weights();
  ASSERT_EQ(weights.size(), golden_["weights_after"].size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    golden::expect_near(weights[i], golden_["weights_after"][i], kStatefulTolerance);
  }
}

TEST_P(StatefulFile, ComesBackFromOurs) {
  model_.fit(x_, y_, training(1));
  const TemporaryFolder folder;
  save_model(model_, folder / "m.keras");
  Model loaded = load_model(folder / "m.keras");
  expect_same_model(loaded, model_);
  EXPECT_EQ(loaded.batch_size(), 3);
  model_.reset_states();  // a loaded model begins anew
  EXPECT_TRUE(
      is_same(loaded.predict(x_, {.batch_size = 3}), model_.predict(x_, {.batch_size = 3})));
}

INSTANTIATE_TEST_SUITE_P(Keras,
                         StatefulFile,
                         ::testing::Values("stack", "graph", "images", "cells"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace engram
