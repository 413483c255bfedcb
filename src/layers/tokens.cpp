// SPDX-License-Identifier: Apache-2.0
#include "layers/tokens.hpp"

#include <algorithm>

namespace engram {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

/// The bytes of a character, or of the longest beginning of one, at the front of `text`.
struct Character {
  std::size_t size = 1;
  bool is_whole = false;
};

/// Source: The Unicode Standard 15, table 3-7, and its practice for U+FFFD.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) {
    return {.is_whole = true};
  }
  if (lead < 0xc2 || lead > 0xf4) {
    return {};
  }
  const std::size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  std::size_t good = 1;
  while (good < size && good < text.size() && byte(good) >= low && byte(good) <= high) {
    ++good;
    low = 0x80;
    high = 0xbf;
  }
  return {.size = good, .is_whole = good == size};
}

}  // namespace

std::string lower_case(std::string text) {
  for (char& c : text) {
    c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  }
  return text;
}

std::string without_punctuation(std::string text) {
  std::erase_if(text, is_punctuation);
  return text;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (auto at = text.begin(); at != text.end();) {
    at = std::find_if_not(at, text.end(), is_space);
    const auto end = std::find_if(at, text.end(), is_space);
    if (at != end) {
      words.emplace_back(at, end);
    }
    at = end;
  }
  return words;
}

std::vector<std::string> split_characters(std::string_view text) {
  std::vector<std::string> characters;
  while (!text.empty()) {
    const Character next = first_character(text);
    characters.emplace_back(next.is_whole ? text.substr(0, next.size) : "\xef\xbf\xbd");
    text.remove_prefix(next.size);
  }
  return characters;
}

std::vector<std::string> join_ngrams(std::span<const std::string> tokens,
                                     std::span<const std::int64_t> lengths) {
  std::vector<std::string> joined;
  for (const std::int64_t length : lengths) {
    for (std::size_t i = 0; i + static_cast<std::size_t>(length) <= tokens.size(); ++i) {
      std::string run = tokens[i];
      for (std::size_t k = 1; k < static_cast<std::size_t>(length); ++k) {
        run += " " + tokens[i + k];
      }
      joined.push_back(std::move(run));
    }
  }
  return joined;
}

}  // namespace engram
