// SPDX-License-Identifier: Apache-2.0
/// Hashing and HashedCrossing against real Keras (tools/golden/hashing.py), from the same configs.
#include <gtest/gtest.h>

#include "engram/engram.hpp"
#include "golden/golden.hpp"
#include "io/config.hpp"
#include "io/same_model.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

using golden::json;

std::vector<json> cases(const char* class_name) {
  std::vector<json> found;
  const json file = golden::read("hashing.json");
  for (const json& c : file["cases"]) {
    if (c["class_name"] == class_name) {
      found.push_back(c);
    }
  }
  EXPECT_FALSE(found.empty());
  return found;
}

/// The options that a config of Keras says; they come back as they were, but for the object that
/// dtype is.
template <class Options>
Options checked_options_of(const json& config) {
  const formats::Json read = formats::Json::parse(config.dump());
  const auto options = std::static_pointer_cast<Options>(
      io::read_options(spec_of(Options{}).access, formats::JsonAt(read, "config")));
  json written = json::parse(io::config_of(spec_of(*options).access, options.get()).dump());
  EXPECT_EQ(written["dtype"], config["output_mode"] == "int" ? "int64" : "float32");
  written["dtype"] = config["dtype"];
  EXPECT_EQ(written.dump(), config.dump());
  return *options;
}

bool is_text(const json& values) { return values[0].is_string(); }

std::vector<std::string> texts(const json& values) {
  return values.get<std::vector<std::string>>();
}

/// One input of a case as an Input, and its values as what a model takes.
Input input_of(const json& values, const Shape& sample) {
  return {.shape = sample, .dtype = is_text(values) ? "string" : "int64"};
}

Tensor taken(const Model& model, std::size_t i, const json& values, Shape sample) {
  if (is_text(values)) {
    return model.vectorize(texts(values), i);
  }
  const std::vector<float> numbers = values.get<std::vector<float>>();
  sample.insert(sample.begin(), static_cast<std::int64_t>(numbers.size()) / size_of(sample));
  return Tensor(sample, numbers);
}

TEST(Hashing, IsKeras) {
  for (const json& c : cases("Hashing")) {
    SCOPED_TRACE(std::string(c["kind"]) + " " + std::string(c["name"]));
    const auto layer = checked_options_of<Hashing>(c["config"]);
    const Shape sample = c["shape"].get<Shape>();
    Sequential model({input_of(c["x"], sample), layer});
    EXPECT_EQ(model.predict(taken(model, 0, c["x"], sample)), golden::tensor(c["result"]));
    if (is_text(c["x"])) {
      EXPECT_EQ(layer(texts(c["x"]), sample), golden::tensor(c["result"]));
    }
  }
}

TEST(HashedCrossing, IsKeras) {
  for (const json& c : cases("HashedCrossing")) {
    SCOPED_TRACE(c["inputs"].dump());
    const auto layer = checked_options_of<HashedCrossing>(c["config"]);
    const Shape sample = c["shape"].get<Shape>();
    std::vector<KerasTensor> inputs;
    for (const json& values : c["inputs"]) {
      inputs.push_back(input_of(values, sample));
    }
    Functional model(inputs, {Layer(layer)(inputs)});
    std::vector<Tensor> x;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      x.push_back(taken(model, i, c["inputs"][i], sample));
    }
    EXPECT_EQ(model.predict(x)[0], golden::tensor(c["result"]));
  }
}

class HashesFile : public ::testing::Test {
 protected:
  std::vector<Tensor> inputs() const {
    std::vector<Tensor> x;
    for (const char* input : {"city", "street", "words"}) {
      x.push_back(model_.vectorize(texts(golden_[input]), x.size()));
    }
    x.push_back(golden::tensor(golden_["code"]));
    x.push_back(golden::tensor(golden_["codes"]));
    return x;
  }

  Tensor predict(Model& model) const { return model.predict(inputs())[0]; }

  json golden_ = golden::read("keras/text_hashes.json");
  Model model_ =
      load_model(std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/keras/text_hashes.keras");
};

TEST_F(HashesFile, PredictsAsKeras) {
  // Float32 results of differently ordered sums of at most 21 products.
  golden::expect_near(predict(model_), golden_["predict"], 2e-5);
}

TEST_F(HashesFile, ComesBackFromOurs) {
  const TemporaryFolder folder;
  save_model(model_, folder / "m.keras");
  Model again = load_model(folder / "m.keras");
  expect_same_model(again, model_);
  EXPECT_EQ(predict(again), predict(model_));
}

TEST_F(HashesFile, Trains) {
  model_.compile({.optimizer = "adam", .loss = "mse"});
  const Tensor before = predict(model_);
  model_.train_on_batch(inputs(), {Tensor({8, 2})});
  EXPECT_NE(predict(model_), before);
}

}  // namespace
}  // namespace engram
