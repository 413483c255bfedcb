// SPDX-License-Identifier: Apache-2.0
/// TextVectorization, StringLookup, IntegerLookup and Discretization against real Keras
/// (tools/golden/texts.py): vocabularies, ids and vectors, from the same configs.
#include <gtest/gtest.h>

#include "base/hashes.hpp"
#include "engram/engram.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "io/config.hpp"

namespace engram {
namespace {

const golden::json& data() {
  static const golden::json read = golden::read("texts.json");
  return read;
}

std::vector<std::string> texts(const char* key) {
  return data()[key].get<std::vector<std::string>>();
}

/// The options that a config of Keras says, by the reader of files.
template <class Options>
Options options_of(const golden::json& config) {
  const formats::Json read = formats::Json::parse(config.dump());
  const formats::JsonAt at(read, "config");
  return *std::static_pointer_cast<Options>(io::read_options(spec_of(Options{}).access, at));
}

// Weights of "tf_idf" are logarithms in float64 here and in TensorFlow, but their mean and products
// are float32: 2 ulp of the greatest, 20.6.
constexpr double kTolerance = 4e-6;

void expect_equal(const Tensor& actual, const golden::json& expected) {
  EXPECT_EQ(actual.shape(), expected["shape"].get<Shape>());
  golden::expect_near(actual, expected, kTolerance);
}

/// A config comes back as it was, but for what Keras cannot say of options that were learned.
template <class Options>
void expect_config(const Options& options, const golden::json& config, bool adapts) {
  golden::json written =
      golden::json::parse(io::config_of(spec_of(options).access, &options).dump());
  for (const auto& [key, value] : config.items()) {
    if (key == "dtype" || (adapts && (key == "vocabulary" || key == "idf_weights" ||
                                      key == "vocabulary_size" || key == "bin_boundaries"))) {
      continue;
    }
    EXPECT_EQ(written[key], key == "ngrams" && value == 2 ? golden::json({1, 2}) : value) << key;
  }
  EXPECT_EQ(written.size() + 1, config.size());  // without dtype
}

TEST(TextVectorization, IsKeras) {
  for (const golden::json& c : data()["text_vectorization"]) {
    SCOPED_TRACE(c["name"]);
    auto layer = options_of<TextVectorization>(c["config"]);
    expect_config(layer, c["config"], c["adapts"]);
    if (c["adapts"]) {
      layer.adapt(texts("texts"));
    }
    EXPECT_EQ(layer.get_vocabulary(), c["vocabulary"].get<std::vector<std::string>>());
    EXPECT_EQ(layer.vocabulary_size(), c["config"]["vocabulary_size"].get<std::int64_t>());
    std::vector<std::string> all = texts("new");
    for (const std::string& text : texts("texts")) {
      all.push_back(text);
    }
    expect_equal(layer(all), c["result"]);
  }
}

TEST(StringLookup, IsKeras) {
  for (const golden::json& c : data()["lookups"]) {
    if (c["kind"] != "StringLookup") {
      continue;
    }
    SCOPED_TRACE(c["name"]);
    auto layer = options_of<StringLookup>(c["config"]);
    expect_config(layer, c["config"], c["adapts"]);
    if (c["adapts"]) {
      layer.adapt(texts("words"));
    }
    EXPECT_EQ(layer.get_vocabulary(), c["vocabulary"].get<std::vector<std::string>>());
    std::vector<std::string> words;
    for (const golden::json& row : c["x"]) {
      for (const golden::json& word : row) {
        words.push_back(word);
      }
    }
    expect_equal(layer(words, {static_cast<std::int64_t>(c["x"][0].size())}), c["result"]);
  }
}

TEST(IntegerLookup, IsKeras) {
  for (const golden::json& c : data()["lookups"]) {
    if (c["kind"] != "IntegerLookup") {
      continue;
    }
    SCOPED_TRACE(c["name"]);
    auto layer = options_of<IntegerLookup>(c["config"]);
    expect_config(layer, c["config"], c["adapts"]);
    if (c["adapts"]) {
      layer.adapt(Tensor({4, 2}, {12, 36, 36, 7, 7, 12, 12, 5}));
    }
    EXPECT_EQ(layer.get_vocabulary(), c["vocabulary"].get<std::vector<std::int64_t>>());
    std::vector<float> x;
    for (const golden::json& row : c["x"]) {
      for (const golden::json& code : row) {
        x.push_back(code);
      }
    }
    const auto width = static_cast<std::int64_t>(c["x"][0].size());
    const auto rows = static_cast<std::int64_t>(c["x"].size());
    Sequential model({Input{.shape = {width}}, layer});
    expect_equal(model.predict(Tensor({rows, width}, x)), c["result"]);
  }
}

TEST(Discretization, IsKeras) {
  for (const golden::json& c : data()["discretization"]) {
    SCOPED_TRACE(c["name"]);
    auto layer = options_of<Discretization>(c["config"]);
    if (!c["data"].is_null()) {
      layer.bin_boundaries.clear();
      expect_config(layer, c["config"], true);
      layer.adapt(golden::tensor(c["data"]));
    } else {
      expect_config(layer, c["config"], false);
    }
    EXPECT_EQ(layer.bin_boundaries, c["boundaries"].get<std::vector<float>>());
    const Tensor x = golden::tensor(c["x"]);
    Sequential model({Input{.shape = {x.shape()[1]}}, layer});
    expect_equal(model.predict(x), c["result"]);
  }
}

TEST(Hashes, AreTensorFlows) {
  std::string text;
  for (const golden::json& c : data()["hashes"]) {
    ASSERT_EQ(farm_fingerprint(text) % (std::uint64_t{1} << 62), c[0]) << text.size();
    ASSERT_EQ(sip_hash(text, 133, 1 << 30) % (std::uint64_t{1} << 62), c[1]) << text.size();
    text += static_cast<char>(text.size() * 37 + 11);
  }
  EXPECT_EQ(text.size(), 200u);
}

TEST(StringLookup, GivesWordsBack) {
  const StringLookup colours{.mask_token = "", .vocabulary = {"red", "green"}};
  EXPECT_EQ(colours.words(Tensor({5}, {0, 1, 2, 3, 9})),
            (std::vector<std::string>{"", "[UNK]", "red", "green", "[UNK]"}));
}

TEST(Lookups, SayWhatIsWrong) {
  const std::vector<std::string> word = {"grey"};
  EXPECT_ERROR(StringLookup{}(word),
               OptionError,
               "StringLookup: expected a vocabulary, got none. Give one, or call adapt.");
  EXPECT_ERROR((StringLookup{.vocabulary = {"a", "b", "a"}}(word)),
               OptionError,
               "StringLookup: expected each token of the vocabulary once, got 'a' twice.");
  EXPECT_ERROR((StringLookup{.max_tokens = 2, .vocabulary = {"a", "b"}}(word)),
               OptionError,
               "StringLookup: expected max_tokens of 3 or more, with the special tokens, got 2.");
  EXPECT_ERROR((StringLookup{.num_oov_indices = 0, .vocabulary = {"a"}}(word)),
               DataError,
               "StringLookup: expected tokens of the vocabulary, as num_oov_indices is 0, got "
               "'grey'. Set num_oov_indices to 1 to number unknown tokens.");
  EXPECT_ERROR((StringLookup{.num_oov_indices = -1, .vocabulary = {"a"}}(word)),
               OptionError,
               "StringLookup: expected num_oov_indices in [0, 1048576], got -1.");
  EXPECT_ERROR(
      (IntegerLookup{.vocabulary = {1}, .salt = {1, 2}}.vocabulary_size()),
      OptionError,
      "IntegerLookup: expected salt of two numbers, of integers with oov_method 'farmhash', "
      "got 2 numbers.");
  EXPECT_ERROR((StringLookup{.mask_token = "m", .vocabulary = {"a", "m"}}(word)),
               OptionError,
               "StringLookup: expected the mask token before all others, or not at all, got 'm' in "
               "the vocabulary. Leave out all special tokens, or put all in front: mask, then "
               "unknown.");
  EXPECT_ERROR((StringLookup{.vocabulary = {"a"}, .pad_to_max_tokens = true}(word)),
               OptionError,
               "StringLookup: expected max_tokens with pad_to_max_tokens, got none.");
  EXPECT_ERROR((StringLookup{.vocabulary = {"a"}, .output_mode = "tf_idf"}(word)),
               OptionError,
               "StringLookup: expected idf_weights, one for each token of the vocabulary, got 0 "
               "weights of 1 tokens.");
  EXPECT_ERROR((StringLookup{.vocabulary = {"a"}}(word, {2})),
               ShapeError,
               "StringLookup: expected 2 texts for each row, got 1 texts.");
  EXPECT_ERROR(
      (IntegerLookup{.vocabulary = {-1, 3, -1}, .invert = true}.vocabulary_size()),
      OptionError,
      "IntegerLookup: expected the token of unknown ones in front, or not at all, got -1 in "
      "the vocabulary.");
  EXPECT_ERROR((TextVectorization{
                   .output_mode = "count", .output_sequence_length = 3, .vocabulary = {"a"}}(word)),
               OptionError,
               "TextVectorization: expected output_sequence_length with output_mode 'int' only, "
               "got 'count'.");
  EXPECT_ERROR(
      (TextVectorization{.split = "letters", .vocabulary = {"a"}}(word)),
      OptionError,
      "TextVectorization: expected a supported split, got 'letters'. Supported: whitespace, "
      "character.");
  EXPECT_ERROR((Discretization{}.adapt(Tensor({1}, {0}))),
               OptionError,
               "Discretization: adapt: expected num_bins, epsilon above 0 and values, got no "
               "num_bins. A layer with bin_boundaries needs no adapt.");
  EXPECT_ERROR((Sequential({Input{.shape = {1}}, Discretization{.bin_boundaries = {1, 0}}})),
               OptionError,
               "Discretization: expected bin_boundaries that ascend, got one below the one before. "
               "Give them, or num_bins and call adapt.");
}

}  // namespace
}  // namespace engram
