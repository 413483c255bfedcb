// SPDX-License-Identifier: Apache-2.0
#include "parts/pattern.hpp"

#include <gtest/gtest.h>

#include <string>

#include "engram/error.hpp"

namespace engram {
namespace {

struct Search {
  const char* pattern;
  const char* text;
  bool is_in;  ///< what Python 3.11's re.search says
};

TEST(Pattern, FindsWhatPythonFinds) {
  for (const auto& [pattern, text, is_in] : {Search{"dense", "my_dense_1/kernel", true},
                                             {"dense", "dens/kernel", false},
                                             {"", "", true},
                                             {"^dense", "my_dense", false},
                                             {"^dense", "dense_1", true},
                                             {"kernel$", "dense/kernel", true},
                                             {"dense$", "dense/kernel", false},
                                             {"d.n*se?/", "dennns/x", true},
                                             {"a+b", "b aab", true},
                                             {"a+b", "b", false},
                                             {"^a*$", "aaa", true},
                                             {"^a*$", "aab", false},
                                             {"^$|x", "", true},
                                             {"one|two$", "two/one", true},
                                             {"^one|two$", "zone", false},
                                             {"^one|two$", "a two", true},
                                             {"a\\.b", "a.b", true},
                                             {"a\\.b", "axb", false},
                                             {"a.*b.*c", "xaxxbxxcx", true},
                                             {"a.*b.*c", "xaxxcxxbx", false},
                                             {"aab", "aaab", true},
                                             {"x?y?$", "q", true}}) {
    EXPECT_EQ(Pattern(pattern).is_in(text), is_in) << pattern << " in " << text;
  }
}

TEST(Pattern, MatchesWholeTextsAsPython) {
  for (const auto& [pattern, text, is_all] : {Search{"dense", "dense", true},
                                              {"dense", "dense_1", false},
                                              {"dense", "my_dense", false},
                                              {"lstm/.*", "lstm/lstm_cell/kernel", true},
                                              {"a|ab", "ab", true},
                                              {"^a$", "a", true},
                                              {".*b", "abab", true},
                                              {"", "a", false},
                                              {"", "", true}}) {
    EXPECT_EQ(Pattern(pattern).is_all_of(text), is_all) << pattern << " is " << text;
  }
}

TEST(Pattern, TakesNoLongTimeForRepeatedRepeats) {
  std::string stars;
  for (int i = 0; i < 120; ++i) {
    stars += ".*a";
  }
  EXPECT_FALSE(Pattern(stars + "b").is_in(std::string(2000, 'a')));
}

TEST(Pattern, RefusesWhatItDoesNotKnow) {
  for (const char* text :
       {"(a)", "[a-z]", "a{2}", "*", "a**", "a*?", "\\d", "a\\", "a^", "$a", "a|*", "\u00e9*"}) {
    EXPECT_THROW(Pattern{text}, OptionError) << text;
  }
  EXPECT_THROW(Pattern(std::string(513, 'a')), OptionError);
}

}  // namespace
}  // namespace engram
