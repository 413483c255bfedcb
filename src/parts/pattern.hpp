// SPDX-License-Identifier: Apache-2.0
/// The part of Python's regular expressions that names of layers need, searched in bounded time.
#pragma once

#include <string_view>
#include <vector>

namespace engram {

/// Characters, '.' for any, each with '*', '+' or '?' behind it; '\' before a sign that stands for
/// itself; '^' at the beginning, '$' at the end; '|' between patterns.
class Pattern {
 public:
  /// Errors: OptionError for anything else of Python's, and beyond 512 bytes.
  explicit Pattern(std::string_view text);

  /// Whether it is anywhere in `text`, as re.search; takes time in proportion to both lengths.
  bool is_in(std::string_view text) const;

  /// Whether it is all of `text`, as re.fullmatch; in the same time.
  bool is_all_of(std::string_view text) const;

 private:
  struct Item {
    char character = 0;
    bool is_any = false, is_optional = false, repeats = false;
  };

  struct Alternative {
    std::vector<Item> items;
    bool at_begin = false, at_end = false;

    /// Anywhere; or, with `is_whole`, from the beginning to the end.
    bool is_in(std::string_view text, bool is_whole) const;
  };

  std::vector<Alternative> alternatives_;
};

}  // namespace engram
