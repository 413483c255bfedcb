// SPDX-License-Identifier: Apache-2.0
/// LossScaleOptimizer trains as in Keras (tools/golden/loss_scale.py) and goes on from files.
#include <gtest/gtest.h>

#include <limits>

#include "engram/error.hpp"
#include "engram/io.hpp"
#include "engram/layers/batch_normalization.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/input.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "io/same_model.hpp"
#include "parts/optimizer_spec.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

Optimizer optimizer_of(const golden::json& c) {
  const OptimizerSpec& inner = *find_optimizer(c["inner"]["class_name"].get<std::string>());
  return LossScaleOptimizer{
      .inner_optimizer = golden::chosen<Optimizer>(inner, c["inner"]["config"]),
      .initial_scale = c["initial_scale"].get<float>(),
      .dynamic_growth_steps = c["dynamic_growth_steps"].get<std::int64_t>()};
}

Sequential model_of(const golden::json& c) {
  std::vector<Layer> layers = {Input{.shape = {3}},
                               Dense{.units = 4, .activation = "tanh", .name = "first"}};
  if (c["batch_norm"].get<bool>()) {
    layers.push_back(BatchNormalization{.name = "norm"});
  }
  layers.push_back(Dense{.units = 1, .name = "last"});
  Sequential model(layers);
  model.compile({.optimizer = optimizer_of(c), .loss = "mse"});
  return model;
}

/// Gives weights before training as the golden file's, and rows of its data.
class Cases {
 public:
  explicit Cases(const golden::json& c) : case_(c) {}

  void fill(Model& model) const {
    std::vector<Tensor> weights;
    for (const golden::json& weight : case_["weights"]) {
      weights.emplace_back(weight["shape"].get<Shape>(),
                           weight["values"].get<std::vector<float>>());
    }
    model.set_weights(weights);
  }

  Tensor x(std::int64_t batch) const { return rows(golden::stream(2901000, {24, 3}), batch); }

  Tensor y(std::int64_t batch) const {
    Tensor targets = rows(golden::stream(2901001, {24, 1}), batch);
    const std::string key = std::to_string(batch);
    if (case_["bad"].contains(key)) {
      targets.values()[1] = case_["bad"][key].get<float>();
    }
    return targets;
  }

 private:
  static Tensor rows(const Tensor& all, std::int64_t batch) {
    const std::int64_t size = 4 * all.shape()[1];
    const float* first = all.data() + batch * size;
    return Tensor({4, all.shape()[1]}, std::vector<float>(first, first + size));
  }

  const golden::json& case_;
};

TEST(LossScaleOptimizer, TrainsAsKeras) {
  const golden::json file = golden::read("loss_scale.json");
  for (const golden::json& c : file["cases"]) {
    SCOPED_TRACE(c["name"]);
    const Cases cases(c);
    Sequential model = model_of(c);
    cases.fill(model);
    const std::int64_t batches =
        c["inner"]["config"].value("gradient_accumulation_steps", std::int64_t{1});
    for (std::int64_t batch = 0; batch < std::ssize(c["steps"]); ++batch) {
      SCOPED_TRACE(batch);
      model.train_on_batch(cases.x(batch), cases.y(batch));
      const golden::json& step = c["steps"][static_cast<std::size_t>(batch)];
      const Compiled& compiled = *model.data().compiled;
      EXPECT_EQ(compiled.loss_scale->scale, step["scale"].get<float>());
      EXPECT_EQ(compiled.loss_scale->good_steps, step["good_steps"].get<std::int64_t>());
      EXPECT_EQ(compiled.iterations / batches, step["iterations"].get<std::int64_t>());
      const std::vector<Tensor> weights = model.get_weights();
      for (std::size_t w = 0; w < weights.size(); ++w) {
        for (std::size_t i = 0; i < weights[w].values().size(); ++i) {
          EXPECT_NEAR(weights[w].values()[i], step["weights"][w][i].get<double>(), 2e-6)
              << model.weights()[w].path;
        }
      }
    }
  }
}

/// Stopped after any batch, the skipped one too, and read back: the same bits at the end.
TEST(LossScaleOptimizer, GoesOnFromAFileWithTheSameBits) {
  const golden::json file = golden::read("loss_scale.json");
  for (const golden::json& c : file["cases"]) {
    SCOPED_TRACE(c["name"]);
    const Cases cases(c);
    Sequential model = model_of(c);
    cases.fill(model);
    Model stopped = model_of(c);
    cases.fill(stopped);
    const TemporaryFolder folder;
    for (std::int64_t batch = 0; batch < 6; ++batch) {
      save_model(stopped, folder / "m.keras");
      stopped = load_model(folder / "m.keras");
      expect_same_compiled(stopped.data(), model.data());
      for (Model* one : {static_cast<Model*>(&model), &stopped}) {
        one->train_on_batch(cases.x(batch), cases.y(batch));
      }
    }
    expect_same_weights(stopped.data(), model.data());
    expect_same_compiled(stopped.data(), model.data());
  }
}

/// Where nothing overflows it is its inner optimizer, bit for bit, but for the sums of one pass.
TEST(LossScaleOptimizer, IsItsInnerOptimizerWhileGradientsAreFinite) {
  const golden::json c = golden::read("loss_scale.json")["cases"][0];
  const Cases cases(c);
  Sequential scaled = model_of(c), plain = model_of(c);
  plain.compile({.optimizer = Adam{.learning_rate = 0.01f}, .loss = "mse"});
  for (Model* model : {static_cast<Model*>(&scaled), static_cast<Model*>(&plain)}) {
    cases.fill(*model);
    for (std::int64_t batch = 0; batch < 6; ++batch) {
      model->train_on_batch(cases.x(batch), cases.y(batch));
    }
  }
  expect_same_weights(scaled.data(), plain.data());
}

TEST(LossScaleOptimizer, ChecksItsOptions) {
  Sequential model({Input{.shape = {3}}, Dense{.units = 1}});
  EXPECT_ERROR(model.compile({.optimizer = LossScaleOptimizer{.initial_scale = 0}}),
               OptionError,
               "LossScaleOptimizer: expected initial_scale above 0, got 0.");
  EXPECT_THROW(
      model.compile({.optimizer = LossScaleOptimizer{.inner_optimizer = LossScaleOptimizer{}}}),
      OptionError);
  EXPECT_THROW(
      model.compile({.optimizer = LossScaleOptimizer{.inner_optimizer =
                                                         Adam{.clipnorm = 1, .clipvalue = 1}}}),
      OptionError);
}

}  // namespace
}  // namespace engram
