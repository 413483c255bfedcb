// SPDX-License-Identifier: Apache-2.0
/// Tokens of texts, as TensorFlow's string operations find them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace engram {

/// tf.strings.lower: ASCII letters only.
std::string lower_case(std::string text);

/// Without ASCII punctuation.
std::string without_punctuation(std::string text);

/// tf.strings.split: what lies between ASCII white space.
std::vector<std::string> split_words(std::string_view text);

/// tf.strings.unicode_split of UTF-8: bytes that are none become U+FFFD, one for each longest
/// beginning of a character.
std::vector<std::string> split_characters(std::string_view text);

/// tf.strings.ngrams: for each length, all runs of so many tokens, joined by spaces.
std::vector<std::string> join_ngrams(std::span<const std::string> tokens,
                                     std::span<const std::int64_t> lengths);

}  // namespace engram
