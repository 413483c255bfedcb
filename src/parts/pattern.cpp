// SPDX-License-Identifier: Apache-2.0
#include "parts/pattern.hpp"

#include <algorithm>
#include <cctype>
#include <string>

#include "base/error.hpp"

namespace engram {

namespace {

constexpr std::size_t kLongestPattern = 512;

[[noreturn]] void refuse(std::string_view text) {
  throw error<OptionError>(
      {.where = "pattern",
       .expected = "at most 512 characters, with '.', '*', '+', '?', '|', '^' first, '$' last, and "
                   "'\\' before any other sign",
       .got = in_quotes(text.substr(0, kLongestPattern))});
}

}  // namespace

Pattern::Pattern(std::string_view text) : alternatives_(1) {
  if (text.size() > kLongestPattern) {
    refuse(text);
  }
  bool may_repeat = false;  // a character is before
  for (std::size_t i = 0; i < text.size(); ++i) {
    Alternative& now = alternatives_.back();
    const char c = text[i];
    const bool is_last = i + 1 == text.size() || text[i + 1] == '|';
    const bool is_first = i == 0 || (now.items.empty() && text[i - 1] == '|');
    if (c == '|') {
      alternatives_.emplace_back();
      may_repeat = false;
    } else if (c == '*' || c == '+' || c == '?') {
      if (!may_repeat) {
        refuse(text);
      }
      now.items.back().is_optional = c != '+';
      now.items.back().repeats = c != '?';
      may_repeat = false;
    } else if (c == '^' && is_first) {
      now.at_begin = true;
    } else if (c == '$' && is_last) {
      now.at_end = true;
    } else if (c == '\\') {
      if (++i == text.size() || std::ispunct(static_cast<unsigned char>(text[i])) == 0) {
        refuse(text);
      }
      now.items.push_back({.character = text[i]});
      may_repeat = true;
    } else if (std::string_view("^$()[]{}").find(c) != std::string_view::npos) {
      refuse(text);
    } else {
      now.items.push_back({.character = c, .is_any = c == '.'});
      may_repeat = static_cast<unsigned char>(c) < 0x80;  // not a part of a longer character
    }
  }
}

/// Goes through `text` once with the set of places in the pattern that it may have come to.
bool Pattern::Alternative::is_in(std::string_view text, bool is_whole) const {
  const std::size_t end = items.size();
  std::vector<bool> here(end + 1), next(end + 1);
  const auto skip_optional = [&](std::vector<bool>& places) {
    for (std::size_t i = 0; i < end; ++i) {
      places[i + 1] = places[i + 1] || (places[i] && items[i].is_optional);
    }
  };
  for (std::size_t at = 0;; ++at) {
    here[0] = here[0] || at == 0 || !(at_begin || is_whole);
    skip_optional(here);
    if (here[end] && (!(at_end || is_whole) || at == text.size())) {
      return true;
    }
    if (at == text.size()) {
      return false;
    }
    next.assign(end + 1, false);
    for (std::size_t i = 0; i < end; ++i) {
      if (here[i] && (items[i].is_any || items[i].character == text[at])) {
        next[i + 1] = true;
        next[i] = next[i] || items[i].repeats;
      }
    }
    here.swap(next);
  }
}

bool Pattern::is_in(std::string_view text) const {
  return std::ranges::any_of(alternatives_,
                             [&](const Alternative& one) { return one.is_in(text, false); });
}

bool Pattern::is_all_of(std::string_view text) const {
  return std::ranges::any_of(alternatives_,
                             [&](const Alternative& one) { return one.is_in(text, true); });
}

}  // namespace engram
