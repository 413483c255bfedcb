// SPDX-License-Identifier: Apache-2.0
/// Functional models that real Keras wrote (tools/golden/graphs.py) predict and train as in Keras.
#include <gtest/gtest.h>

#include "engram/engram.hpp"
#include "golden/golden.hpp"
#include "io/archive.hpp"
#include "io/same_model.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

// Float32 results of differently ordered sums, over at most 24 steps and 6 layers; Adam's first
// step magnifies rounding in small gradients to at most its learning rate, 0.01.
constexpr double kTolerance = 2e-5;

class GraphFile : public ::testing::TestWithParam<const char*> {
 protected:
  std::vector<Tensor> tensors(const char* key) const {
    std::vector<Tensor> list;
    for (const golden::json& item : golden_[key]) {
      list.emplace_back(item["shape"].get<Shape>(), item["values"].get<std::vector<float>>());
    }
    return list;
  }

  static void expect_all(const std::vector<Tensor>& actual, const golden::json& expected) {
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      SCOPED_TRACE(i);
      golden::expect_near(actual[i], expected[i], kTolerance);
    }
  }

  const std::string name_ = std::string("keras/graph_") + GetParam();
  golden::json golden_ = golden::read(name_ + ".json");
  Model model_ = load_model(std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/" + name_ + ".keras");
};

TEST_P(GraphFile, HoldsTheWeightsInKerasOrder) {
  expect_all(model_.get_weights(), golden_["weights"]);
}

TEST_P(GraphFile, PredictsAsKeras) { expect_all(model_.predict(tensors("x")), golden_["predict"]); }

TEST_P(GraphFile, TrainsAsKeras) {
  FitOptions options = {.batch_size = 5, .epochs = 1, .shuffle = false};
  if (golden_.contains("sample_weight")) {
    options.sample_weight = tensors("sample_weight");
  }
  const History history = model_.fit(tensors("x"), tensors("y"), options);
  ASSERT_EQ(history.history.size(), golden_["history"].size());
  for (const auto& [name, values] : history.history) {
    EXPECT_NEAR(values[0], golden_["history"].at(name).get<double>(), kTolerance) << name;
  }
  expect_all(model_.get_weights(), golden_["weights_after"]);
}

TEST_P(GraphFile, ComesBackFromOurs) {
  model_.train_on_batch(tensors("x"), tensors("y"));
  const TemporaryFolder folder;
  save_model(model_, folder / "m.keras");
  Model loaded = load_model(folder / "m.keras");
  expect_same_model(loaded, model_);
  for (int batch = 0; batch < 2; ++batch) {
    EXPECT_EQ(loaded.train_on_batch(tensors("x"), tensors("y")),
              model_.train_on_batch(tensors("x"), tensors("y")));
  }
  expect_same_weights(loaded.data(), model_.data());
}

/// A file of a GRU on `x`, with the arguments `kwargs` of its call.
std::string file_of_gru(const TemporaryFolder& folder,
                        const std::vector<KerasTensor>& inputs,
                        const std::vector<KerasTensor>& x,
                        const formats::Json& kwargs) {
  save_model(Functional(inputs, {Layer(GRU{.units = 2, .name = "gru"})(x)}), folder / "m.keras");
  Archive archive(folder.read("m.keras"));
  for (formats::Json& layer : archive.config["config"]["layers"]) {
    if (layer["name"] == "gru") {
      layer["inbound_nodes"][0]["kwargs"].update(kwargs);
    }
  }
  return archive.write(folder);
}

TEST(GraphFiles, OfAMergeWithOneMaskSayThatThereIsNone) {
  const TemporaryFolder folder;
  const KerasTensor a = Input{.shape = {3, 2}}, b = Input{.shape = {3, 2}};
  const KerasTensor half_masked = Layer(Subtract{})({Layer(Masking{})(a), b});

  EXPECT_NO_THROW(load_model(file_of_gru(folder, {a, b}, {half_masked}, {{"mask", nullptr}})));
}

TEST(GraphFiles, WithAMaskBesideAnInitialStateAreRefused) {
  const TemporaryFolder folder;
  const KerasTensor a = Input{.shape = {3, 2}}, h = Input{.shape = {2}};
  const formats::Json tensor = {{"class_name", "__keras_tensor__"},
                                {"config", {{"keras_history", {"masking", 0, 0}}}}};
  const std::string path =
      file_of_gru(folder, {a, h}, {Layer(Masking{})(a), h}, {{"mask", tensor}});

  EXPECT_THROW(
      {
        try {
          load_model(path);
        } catch (const FileError& fault) {
          EXPECT_NE(std::string(fault.what()).find("expected no mask beside an initial state"),
                    std::string::npos)
              << fault.what();
          throw;
        }
      },
      FileError);
}

INSTANTIATE_TEST_SUITE_P(Keras,
                         GraphFile,
                         ::testing::Values("shared_and_masked",
                                           "merges",
                                           "encoder_decoder",
                                           "weighted_outputs",
                                           "attentions",
                                           "multi_head_attentions",
                                           "joined_masks",
                                           "images",
                                           "activities",
                                           "gated_attentions",
                                           "more_options",
                                           "tied_weights",
                                           "unseen_masks",

                                           "nested_line",
                                           "nested_shared",
                                           "rnn_line",
                                           "rnn_states"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace engram
