// SPDX-License-Identifier: Apache-2.0
#include "formats/npy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/error.hpp"

namespace engram::formats {

namespace {

/// Reads the header's Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3),
/// }
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::string_view where) : rest_(text), where_(where) {}

  NpyHeader parse() {
    NpyHeader header;
    std::array<bool, 3> seen{};
    expect('{');
    while (!accept('}')) {
      const std::string key = text();
      expect(':');
      if (key == "descr") {
        once(seen[0]);
        header.type = text();
      } else if (key == "fortran_order") {
        once(seen[1]);
        header.is_fortran_order = boolean();
      } else if (key == "shape") {
        once(seen[2]);
        header.shape = tuple();
      } else {
        fail();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (!rest_.empty() || seen != std::array{true, true, true}) {
      fail();
    }
    return header;
  }

 private:
  [[noreturn]] void fail() const {
    throw npy_damage(where_,
                     "an .npy header {'descr': ..., 'fortran_order': ..., 'shape': ...}",
                     rest_.empty() ? "its end" : engram::in_quotes(rest_.substr(0, 40)));
  }

  void once(bool& is_seen) const {
    if (std::exchange(is_seen, true)) {
      fail();
    }
  }

  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size()));
  }

  bool accept(char c) {
    skip_blanks();
    const bool is_there = rest_.starts_with(c);
    rest_.remove_prefix(is_there ? 1 : 0);
    return is_there;
  }

  void expect(char c) {
    if (!accept(c)) {
      fail();
    }
  }

  std::string text() {
    skip_blanks();
    const std::size_t end = rest_.starts_with('\'') || rest_.starts_with('"')
                                ? rest_.find(rest_[0], 1)
                                : std::string_view::npos;
    if (end == std::string_view::npos) {
      fail();
    }
    const std::string found(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return found;
  }

  bool boolean() {
    skip_blanks();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (rest_.starts_with(word)) {
        rest_.remove_prefix(word.size());
        return value;
      }
    }
    fail();
  }

  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> items;
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      std::int64_t item = 0;
      const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), item);
      if (failure != std::errc() || item < 0 || items.size() == kMostNpyAxes) {
        fail();
      }
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      items.push_back(item);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return items;
  }

  std::string_view rest_;
  std::string_view where_;
};

}  // namespace

DataError npy_damage(std::string_view where, std::string expected, std::string got) {
  return error<DataError>({.where = std::string(where),
                           .expected = std::move(expected),
                           .got = std::move(got),
                           .remedy = "Write the file again with numpy.save."});
}

NpyHeader parse_npy_header(std::string_view text, std::string_view where) {
  return HeaderParser(text, where).parse();
}

}  // namespace engram::formats
