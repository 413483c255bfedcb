// SPDX-License-Identifier: Apache-2.0
/// Files that real Keras wrote (tools/golden/keras_files.py) hold, predict and train as in Keras.
#include <gtest/gtest.h>

#include <algorithm>

#include "engram/error.hpp"
#include "engram/io.hpp"
#include "formats/bounds.hpp"
#include "formats/files.hpp"
#include "formats/hdf5.hpp"
#include "formats/zip.hpp"
#include "golden/golden.hpp"
#include "io/same_model.hpp"
#include "io/weights_h5.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

// Float32 results of differently ordered sums, over at most 5 steps and 4 layers.
constexpr double kPredictTolerance = 2e-5, kTrainTolerance = 1e-5;

class KerasFile : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string path() {
    return std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/keras/" + GetParam() + ".keras";
  }

  /// Within `allowed`; 0: the very float32.
  static void expect(const Tensor& actual, const golden::json& expected, double allowed) {
    if (allowed == 0) {
      EXPECT_EQ(actual, golden::tensor(expected));
    } else {
      golden::expect_near(actual, expected, allowed);
    }
  }

  void expect_weights(const char* key, double allowed) {
    const std::vector<Tensor> weights = model_.get_weights();
    ASSERT_EQ(weights.size(), golden_[key].size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      SCOPED_TRACE(model_.weights()[i].path);
      expect(weights[i], golden_[key][i], allowed);
    }
  }

  /// Iterations, learning rate and slots, in Keras's order.
  void expect_optimizer(const char* key, double allowed) {
    const formats::H5File file = io::weights_h5(model_.data());
    for (std::size_t i = 0; i < golden_[key].size(); ++i) {
      const golden::json& expected = golden_[key][i];
      SCOPED_TRACE(expected["name"]);
      const auto found = file.datasets.find("optimizer/vars/" + std::to_string(i));
      ASSERT_NE(found, file.datasets.end());
      // Nadam's product of momenta follows from the iterations; Keras's has six roundings.
      const bool is_product = expected["name"] == "variable_1";
      const auto floats = [](const auto& v) { return std::vector<float>(v.begin(), v.end()); };
      expect(Tensor(found->second.shape, std::visit(floats, found->second.values)),
             expected,
             is_product ? std::max(allowed, 1e-8) : allowed);
    }
    EXPECT_FALSE(file.datasets.contains("optimizer/vars/" + std::to_string(golden_[key].size())));
  }

  golden::json golden_ = golden::read(std::string("keras/") + GetParam() + ".json");
  Model model_ = load_model(path());
};

TEST_P(KerasFile, HoldsTheWeightsAndSlots) {
  expect_weights("weights", 0);
  expect_optimizer("optimizer_variables", 0);
}

TEST_P(KerasFile, PredictsAsKeras) {
  golden::expect_near(
      model_.predict(golden::tensor(golden_["x"])), golden_["predict"], kPredictTolerance);
}

TEST_P(KerasFile, TrainsAsKeras) {
  const Logs logs =
      model_.train_on_batch(golden::tensor(golden_["x"]), golden::tensor(golden_["y"]));
  ASSERT_EQ(logs.size(), golden_["train_on_batch"].size());
  for (const auto& [name, value] : logs) {
    EXPECT_NEAR(value, golden_["train_on_batch"].at(name).get<double>(), kPredictTolerance) << name;
  }
  expect_weights("weights_after", kTrainTolerance);
  expect_optimizer("optimizer_variables_after", kTrainTolerance);
}

TEST_P(KerasFile, ComesBackFromOurs) {
  const TemporaryFolder folder;
  save_model(model_, folder / "m.keras");
  expect_same_model(load_model(folder / "m.keras"), model_);
}

INSTANTIATE_TEST_SUITE_P(Golden,
                         KerasFile,
                         ::testing::Values("simple_rnn",
                                           "lstm",
                                           "gru",
                                           "gru_before",
                                           "embedding",
                                           "stack_rmsprop",
                                           "sgd_nesterov",
                                           "deflated",
                                           "minimal",
                                           "nadam",
                                           "adafactor",
                                           "muon_ema_accumulate",
                                           "loss_scale",
                                           "multi_optimizer",
                                           "muon_exclude"),
                         [](const auto& test) { return std::string(test.param); });

/// As Keras's save(zipped=False) leaves it.
TEST_P(KerasFile, IsReadFromAFolderToo) {
  const TemporaryFolder folder;
  const std::string bytes = formats::read_file(path(), formats::kLargestModel);
  const formats::ZipReader zip(bytes, path());
  for (const char* name : {"config.json", "metadata.json", "model.weights.h5"}) {
    if (zip.contains(name)) {
      formats::write_file_atomically(folder / name, zip.read(name, formats::kLargestModel));
    }
  }
  Model from_folder = load_model(folder / "");
  EXPECT_EQ(from_folder.get_weights(), model_.get_weights());
  const Tensor x = golden::tensor(golden_["x"]), y = golden::tensor(golden_["y"]);
  EXPECT_EQ(from_folder.train_on_batch(x, y), model_.train_on_batch(x, y));
  EXPECT_EQ(from_folder.get_weights(), model_.get_weights());
}

TEST(KerasFolder, WithoutItsMembersIsRefused) {
  const TemporaryFolder folder;
  EXPECT_THROW(load_model(folder / ""), IoError);
}

// Releases whose layouts differ: the optimizer's config, dtype policies, names of groups in the
// weights, options of InputLayer, an empty compile_config.
INSTANTIATE_TEST_SUITE_P(Releases,
                         KerasFile,
                         ::testing::Values("release_3_0_sequential",
                                           "release_3_0_functional",
                                           "release_3_3_sequential",
                                           "release_3_4_functional",
                                           "release_3_6_sequential",
                                           "release_3_9_functional",
                                           "release_3_10_functional",
                                           "release_3_13_sequential",
                                           "release_3_13_functional"),
                         [](const auto& test) { return std::string(test.param); });

INSTANTIATE_TEST_SUITE_P(Wrappers,
                         KerasFile,
                         ::testing::Values("bidirectional", "time_distributed"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace engram
