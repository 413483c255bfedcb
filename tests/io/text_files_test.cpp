// SPDX-License-Identifier: Apache-2.0
/// Files of models that begin with texts (tools/golden/texts.py) predict as in Keras.
#include <gtest/gtest.h>

#include "engram/engram.hpp"
#include "expect_error.hpp"
#include "formats/bounds.hpp"
#include "formats/files.hpp"
#include "golden/golden.hpp"
#include "io/archive.hpp"
#include "io/same_model.hpp"

namespace engram {
namespace {

// Float32 results of differently ordered sums, over at most 12 steps and 3 layers.
constexpr double kTolerance = 2e-5;

std::string path_of(const std::string& name) {
  return std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/keras/" + name + ".keras";
}

Archive archive(const std::string& name) {
  return Archive(formats::read_file(path_of(name), formats::kLargestModel));
}

std::vector<std::string> texts(const golden::json& golden, const char* key = "texts") {
  return golden[key].get<std::vector<std::string>>();
}

Tensor predict(Model& model, const golden::json& golden) {
  if (!golden.contains("colours")) {
    return model.predict(texts(golden), {.batch_size = 4});
  }
  return model.predict({model.vectorize(texts(golden), 0),
                        model.vectorize(texts(golden, "colours"), 1),
                        golden::tensor(golden["code"]),
                        golden::tensor(golden["size"])})[0];
}

class TextFile : public ::testing::TestWithParam<const char*> {
 protected:
  golden::json golden_ = golden::read(std::string("keras/") + GetParam() + ".json");
  Model model_ = load_model(path_of(GetParam()));
};

TEST_P(TextFile, PredictsAsKeras) {
  golden::expect_near(predict(model_, golden_), golden_["predict"], kTolerance);
}

TEST_P(TextFile, ComesBackFromOurs) {
  const TemporaryFolder folder;
  save_model(model_, folder / "m.keras");
  Model again = load_model(folder / "m.keras");
  expect_same_model(again, model_);
  EXPECT_EQ(predict(again, golden_), predict(model_, golden_));
  save_weights(model_, folder / "m.weights.h5");
  load_weights(again, folder / "m.weights.h5");
  EXPECT_EQ(predict(again, golden_), predict(model_, golden_));
}

TEST_P(TextFile, IsReadFromAFolderToo) {
  const TemporaryFolder folder;
  Archive file = archive(GetParam());
  for (const formats::ZipMember& member : file.members()) {
    const std::filesystem::path path = folder / member.name;
    std::filesystem::create_directories(path.parent_path());
    formats::write_file_atomically(path, member.data);
  }
  Model from_folder = load_model(folder / "");
  EXPECT_EQ(predict(from_folder, golden_), predict(model_, golden_));
}

INSTANTIATE_TEST_SUITE_P(Golden,
                         TextFile,
                         ::testing::Values("text_ids", "text_open", "text_tf_idf", "text_graph"),
                         [](const auto& test) { return std::string(test.param); });

TEST(TextModel, BegunInCodeIsTheSameFromItsFile) {
  const TemporaryFolder folder;
  const std::vector<std::string> said = {"good day", "bad day", "good good"};
  TextVectorization words{.output_sequence_length = 3};
  words.adapt(said);
  Sequential model({words, Embedding{.input_dim = 5, .output_dim = 2}, LSTM{.units = 2}});
  EXPECT_EQ(model.vectorize(said), Tensor({3, 3}, {2, 3, 0, 4, 3, 0, 2, 2, 0}));
  save_model(model, folder / "m.keras");
  Model again = load_model(folder / "m.keras");
  EXPECT_EQ(again.predict(said), model.predict(said));
  EXPECT_EQ(again.predict(said), model.predict(words(said)));
}

TEST(TextModel, ShowsTheShapeOfItsTexts) {
  const Model model = load_model(path_of("text_graph"));
  for (const LayerInfo& layer : model.layers()) {
    if (layer.name == "text") {
      EXPECT_EQ(layer.output_shape, Shape{-1});
      return;
    }
  }
  FAIL() << "no layer called text";
}

/// The message of a damaged file.
std::string message_of(const char* name, const std::function<void(Archive&)>& damage) {
  const TemporaryFolder folder;
  Archive file = archive(name);
  damage(file);
  try {
    load_model(file.write(folder));
  } catch (const FileError& problem) {
    return std::string(problem.what()).substr((folder / "m.keras").size());
  }
  return "none";
}

constexpr const char* kVocabulary = "assets/layers/text_vectorization/vocabulary.txt";

TEST(TextFileRefusals, NameThePlace) {
  EXPECT_EQ(
      message_of("text_ids", [](Archive& a) { a[kVocabulary] = "\n[UNK]\nthe\nthe"; }),
      std::string(": ") + kVocabulary +
          ": TextVectorization: expected each token of the vocabulary once, got 'the' twice.");
  EXPECT_EQ(message_of("text_ids", [](Archive& a) { a[kVocabulary] = "\n[UNK]\n"; }),
            ": config.json: TextVectorization: expected a vocabulary, got none. Give one, or call "
            "adapt.");
  EXPECT_EQ(message_of("text_tf_idf", [](Archive& a) { a[kVocabulary] += "\nmore"; }),
            std::string(": ") + kVocabulary +
                ": TextVectorization: expected idf_weights, one for each token of the vocabulary, "
                "got 39 weights of 40 tokens.");
  EXPECT_EQ(message_of("text_graph",
                       [](Archive& a) {
                         a["assets/layers/integer_lookup/vocabulary.txt"] = "-1\n-1\n12\n7x";
                       }),
            ": assets/layers/integer_lookup/vocabulary.txt: vocabulary: expected a whole number a "
            "line, got '7x'.");
  EXPECT_EQ(
      message_of("text_ids", [](Archive& a) { a.layer(1)["max_tokens"] = std::int64_t{1} << 60; }),
      ": config.json.config.layers[1].config.max_tokens: expected in [2, 16777216], got "
      "1152921504606846976.");
  EXPECT_EQ(message_of("text_ids", [](Archive& a) { a.layer(1)["ragged"] = true; }),
            ": config.json.config.layers[1].config.ragged: expected false, the only value that is "
            "supported, got true.");
  EXPECT_EQ(message_of("text_ids", [](Archive& a) { a.layer(0)["dtype"] = "float32"; }),
            ": config.json: TextVectorization 'text_vectorization': expected an Input with dtype "
            "\"string\" before it, got InputLayer 'input_layer'. Layers of texts come first.");
}

TEST(TextModel, TextsNeedALayerOfTexts) {
  Sequential model({Input{.shape = {2}}, Dense{.units = 1}});
  const std::vector<std::string> said = {"x"};
  EXPECT_ERROR(model.predict(said),
               OptionError,
               "vectorize: expected an input of texts, got one of numbers. Only models that begin "
               "with a layer of texts take them.");
  EXPECT_ERROR(
      (Sequential({Input{.shape = {1}, .dtype = "string"}, Dense{.units = 1}})),
      OptionError,
      "InputLayer 'input_layer': expected texts that one layer reads, such as "
      "TextVectorization, got Dense 'dense'. Give each layer of texts an Input of its own.");
}

}  // namespace
}  // namespace engram
