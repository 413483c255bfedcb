// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <gtest/gtest.h>

#include <array>

namespace engram {
namespace {

TEST(Error, MessageHasPlaceRuleValueAndRemedy) {
  const Fault fault = {.where = "LSTM 'lstm_1'",
                       .expected = "input of rank 3 (batch, time, features)",
                       .got = "(32, 10)",
                       .remedy = "Add a time axis."};
  EXPECT_STREQ(error<ShapeError>(fault).what(),
               "LSTM 'lstm_1': expected input of rank 3 (batch, time, features), got (32, 10). "
               "Add a time axis.");
}

TEST(Error, MessageLeavesOutWhatIsNotThere) {
  EXPECT_EQ(message({.where = "", .expected = "a file", .got = "", .remedy = ""}),
            "expected a file.");
}

TEST(Error, UnknownNameListsTheNearest) {
  constexpr std::array<std::string_view, 3> names = {"adam", "rmsprop", "sgd"};
  EXPECT_EQ(message(unknown_name("compile", "optimizer", "adan", names)),
            "compile: expected a supported optimizer, got 'adan'. Did you mean 'adam'? "
            "Supported: adam, rmsprop, sgd.");
}

TEST(Error, NothingIsNearToAStrangeName) {
  constexpr std::array<std::string_view, 2> names = {"adam", "sgd"};
  EXPECT_EQ(nearest_name("conjugate_gradient", names), "");
}

TEST(Error, QuotedEscapesControlCharactersAndCutsLongText) {
  EXPECT_EQ(engram::in_quotes("a\nb\x1b"), "'a\\x0ab\\x1b'");
  EXPECT_EQ(engram::in_quotes(std::string(100, 'x')), "'" + std::string(80, 'x') + "'...");
}

}  // namespace
}  // namespace engram
