// SPDX-License-Identifier: Apache-2.0
#include "formats/json.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "damage.hpp"
#include "engram/error.hpp"
#include "expect_error.hpp"

namespace engram::formats {
namespace {

std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

std::string nested(const std::string& open, const std::string& close, int levels) {
  return repeated(open, levels) + "1" + repeated(close, levels);
}

TEST(ParseJson, KeepsTheOrderOfKeys) {
  EXPECT_EQ(write_json(parse_json(R"({"b": 1, "a": [true, null, -2.5, "x"]})", "t"), "t"),
            R"({"b":1,"a":[true,null,-2.5,"x"]})");
}

TEST(ParseJson, TakesSixtyFourLevels) {
  EXPECT_NO_THROW(parse_json(nested("[", "]", 64), "t"));
  EXPECT_NO_THROW(parse_json(nested("{\"a\":", "}", 64), "t"));
  EXPECT_ERROR(parse_json(nested("[", "]", 65), "t"),
               FileError,
               "t: expected at most 64 levels, got more. "
               "The file is damaged or of an unsupported kind.");
}

TEST(ParseJson, SurvivesAMillionLevels) {
  EXPECT_THROW(parse_json(nested("[", "]", 1000000), "t"), FileError);
  EXPECT_THROW(parse_json(nested("{\"a\":", "}", 1000000), "t"), FileError);
  EXPECT_THROW(parse_json(repeated("[", 1000000), "t"), FileError);
}

TEST(ParseJson, RefusesAKeyTwice) {
  EXPECT_NO_THROW(parse_json(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})", "t"));
  EXPECT_ERROR(parse_json(R"({"a": 1, "b": {}, "a": 2})", "m.keras: config.json"),
               FileError,
               "m.keras: config.json: expected every key once in an object, got 'a' twice. "
               "The file is damaged or of an unsupported kind.");
}

TEST(ParseJson, LimitsValuesAndKeys) {
  EXPECT_NO_THROW(parse_json("[1" + repeated(",1", 262142) + "]", "t"));
  EXPECT_THROW(parse_json("[1" + repeated(",1", 262143) + "]", "t"), FileError);
  std::string keys = "{\"k\":1";
  for (int i = 1; i < 256; ++i) {
    keys += ",\"" + std::to_string(i) + "\":1";
  }
  EXPECT_NO_THROW(parse_json(keys + "}", "t"));
  EXPECT_THROW(parse_json(keys + ",\"more\":1}", "t"), FileError);
}

TEST(ParseJson, LimitsTheText) {
  EXPECT_ERROR(parse_json("\"" + std::string(16 << 20, 'a') + "\"", "t"),
               FileError,
               "t: expected at most 16777216 bytes, got 16777218. "
               "The file is damaged or of an unsupported kind.");
}

struct BadText {
  const char* name;
  std::string text;
  const char* message;
};

class BadTexts : public testing::TestWithParam<BadText> {};

TEST_P(BadTexts, AreRefused) {
  const std::string expected =
      std::string("t: ") + GetParam().message + ". The file is damaged or of an unsupported kind.";
  EXPECT_ERROR(parse_json(GetParam().text, "t"), FileError, expected.c_str());
}

INSTANTIATE_TEST_SUITE_P(
    ParseJson,
    BadTexts,
    testing::Values(
        BadText{"PythonsNan", "{\"a\": NaN}", "byte 6: expected JSON, got 'NaN'"},
        BadText{"PythonsInfinity", "[1, Infinity]", "byte 4: expected JSON, got 'Infinity'"},
        BadText{"MinusInfinity", "[-Infinity]", "byte 2: expected JSON, got 'Infinity'"},
        BadText{"Empty", "", "byte 0: expected JSON, got the end of the text"},
        BadText{"CutOff", "{\"a\": [1,", "byte 9: expected JSON, got the end of the text"},
        BadText{"Comment", "[1] // x", "byte 4: expected JSON, got '/'"},
        BadText{"TwoDocuments", "[1][2]", "byte 3: expected JSON, got '['"},
        BadText{"NotUtf8", "[\"\xff\"]", "byte 2: expected JSON, got byte 0xff"},
        BadText{"TooLargeNumber",
                "[1e999]",
                "expected numbers that float64 can hold, got a larger one"}),
    [](const auto& test) { return test.param.name; });

TEST(ParseJson, SurvivesDamage) {
  const std::string text = R"({"config": {"units": 80, "rate": 0.2, "name": "lstm_é"}})";
  EXPECT_EQ(count_values(truncations(text), [](const auto& t) { parse_json(t, "t"); }), 0);
  EXPECT_NO_THROW(count_values(bit_flips(text, 2000), [](const auto& t) { parse_json(t, "t"); }));
}

TEST(WriteJson, IsAsciiAndExact) {
  const Json json = {
      {"name", "lstm_é"}, {"rate", 0.1 + 0.2}, {"tiny", 5e-324}, {"size", INT64_MAX}};
  const std::string text = write_json(json, "t");
  EXPECT_NE(text.find("lstm_\\u00e9"), std::string::npos);
  EXPECT_EQ(parse_json(text, "t"), json);
}

TEST(WriteJson, RefusesWhatJsonLacks) {
  const double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_ERROR(write_json({{"a", {1.0, kNan}}}, "save_model"),
               OptionError,
               "save_model: expected finite numbers, for JSON has no others, got NaN or infinity. "
               "Change this value, so that the model can be saved.");
  EXPECT_THROW(write_json({{"a", "\xff"}}, "save_model"), OptionError);
}

class JsonAtTest : public testing::Test {
 protected:
  const Json json_ = parse_json(
      R"({"layers": [{"units": 3, "rate": 0.5, "name": "a", "bias": true, "seed": null}],
          "huge": 18446744073709551615})",
      "t");
  const JsonAt root_{json_, "t: config"};
  const JsonAt layer_ = root_["layers"][0];
};

TEST_F(JsonAtTest, GivesValues) {
  EXPECT_EQ(layer_["units"].as_int(), 3);
  EXPECT_EQ(layer_["units"].as_double(), 3.0);
  EXPECT_EQ(layer_["rate"].as_double(), 0.5);
  EXPECT_EQ(layer_["name"].as_string(), "a");
  EXPECT_TRUE(layer_["bias"].as_bool());
  EXPECT_TRUE(layer_["seed"].is_null());
  EXPECT_EQ(root_["layers"].size(), 1u);
}

TEST_F(JsonAtTest, KnowsWhatIsThere) {
  EXPECT_TRUE(layer_.has("units"));
  EXPECT_FALSE(layer_.has("seed"));
  EXPECT_FALSE(layer_.has("other"));
}

TEST_F(JsonAtTest, NamesThePlace) {
  EXPECT_ERROR(layer_["rate"].as_int(),
               FileError,
               "t: config.layers[0].rate: expected a whole number of 64 bits, got 0.5.");
  EXPECT_ERROR(layer_["name"].as_double(),
               FileError,
               "t: config.layers[0].name: expected a number, got 'a'.");
  EXPECT_ERROR(layer_["units"].as_bool(),
               FileError,
               "t: config.layers[0].units: expected true or false, got 3.");
  EXPECT_ERROR(layer_["bias"].as_string(),
               FileError,
               "t: config.layers[0].bias: expected a text, got true.");
  EXPECT_ERROR(
      layer_["other"], FileError, "t: config.layers[0].other: expected a value, got none.");
  EXPECT_ERROR(root_["layers"][1],
               FileError,
               "t: config.layers: expected a list of 2 or more, got a list of 1.");
  EXPECT_ERROR(
      root_["layers"]["a"], FileError, "t: config.layers: expected an object, got a list of 1.");
  EXPECT_ERROR(
      layer_.size(), FileError, "t: config.layers[0]: expected a list, got an object of 5.");
  EXPECT_THROW(root_["huge"].as_int(), FileError);
}

}  // namespace
}  // namespace engram::formats
