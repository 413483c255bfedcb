// SPDX-License-Identifier: Apache-2.0
#include "formats/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "formats/encoding.hpp"
#include "formats/files.hpp"

namespace engram::formats {

namespace {

constexpr std::string_view kMark = "\xef\xbb\xbf";  // the byte order mark in UTF-8

/// Delimiters, quotes and line ends are bytes that no other character of UTF-8 or GB18030 contains
/// (a GB18030 trail byte is a digit or 0x40 and above), so cells are found before they are decoded.
class CsvParser {
 public:
  CsvParser(std::string name, char delimiter) : delimiter_(delimiter) {
    cells_.name = std::move(name);
  }

  void feed(std::string_view piece) {
    if (!is_begun_) {
      begin(piece);
    }
    for (const char c : piece) {
      take(c);
    }
  }

  CsvCells finish() {
    if (state_ == State::quoted) {
      throw unclosed_quote("the end of the file");
    }
    if (row_bytes_ > 0) {
      end_row();
    }
    if (cells_.rows() == 0) {
      throw fault("a table", "an empty file", "Check the path.");
    }
    decode();
    return std::move(cells_);
  }

 private:
  enum class State { start, plain, quoted, closed };

  DataError fault(std::string expected, std::string got, std::string remedy) const {
    return error<DataError>({.where = fmt::format("{}:{}", cells_.name, line_),
                             .expected = std::move(expected),
                             .got = std::move(got),
                             .remedy = std::move(remedy)});
  }

  DataError unclosed_quote(std::string got) const {
    return error<DataError>(
        {.where = fmt::format("{}:{}:{}", cells_.name, quote_line_, row_fields_ + 1),
         .expected = fmt::format("a closing quote within {} bytes", kLongestCsvField),
         .got = std::move(got),
         .remedy = "Close the quote that begins here."});
  }

  /// Looks at the first piece: byte order marks, and the delimiter of the first line.
  void begin(std::string_view& piece) {
    is_begun_ = true;
    if (piece.starts_with("\xff\xfe") || piece.starts_with("\xfe\xff")) {
      throw fault("UTF-8 or GB18030 text", "UTF-16", "Save the file as UTF-8.");
    }
    is_marked_ = piece.starts_with(kMark);
    piece.remove_prefix(is_marked_ ? kMark.size() : 0);
    if (delimiter_ != '\0') {
      return;
    }
    std::size_t most = 0;
    for (const char candidate : {',', ';', '\t'}) {
      std::size_t count = 0;
      bool is_quoted = false;
      for (const char c : piece.substr(0, piece.find_first_of("\r\n"))) {
        is_quoted = is_quoted != (c == '"');
        count += !is_quoted && c == candidate;
      }
      if (count > most || delimiter_ == '\0') {
        delimiter_ = candidate;
        most = count;
      }
    }
  }

  void take(char c) {
    if (std::exchange(is_after_return_, c == '\r') && c == '\n') {
      if (state_ == State::quoted) {
        add(c);
      }
      return;  // the second half of a line end
    }
    if (++row_bytes_ > kLongestCsvLine) {
      throw fault(fmt::format("lines of at most {} bytes", kLongestCsvLine),
                  "a longer line",
                  "Check that this is a CSV file.");
    }
    if (state_ == State::quoted) {
      take_quoted(c);
    } else if (c == delimiter_) {
      end_field();
    } else if (c == '\n' || c == '\r') {
      end_row();
    } else if (c == '"') {
      take_quote();
    } else if (state_ == State::closed) {
      throw fault(
          "a delimiter after a closing quote", in_quotes({&c, 1}), "Double quotes in a field.");
    } else {
      state_ = State::plain;
      add(c);
    }
  }

  void take_quoted(char c) {
    if (c == '"') {
      state_ = State::closed;
      return;
    }
    line_ += c == '\n' || c == '\r';
    add(c);
  }

  void take_quote() {
    if (state_ == State::closed) {  // two quotes in a quoted field stand for one
      add('"');
    } else if (state_ == State::plain) {
      throw fault(
          "quotes around a whole field", "a quote inside one", "Double it, and quote the field.");
    } else {
      quote_line_ = line_;
    }
    state_ = State::quoted;
  }

  void add(char c) {
    if (c == '\0') {
      throw fault("text", "a zero byte", "Save the file as UTF-8 text.");
    }
    if (++field_bytes_ > kLongestCsvField) {
      if (state_ == State::quoted) {
        throw unclosed_quote("a longer field");
      }
      throw fault(fmt::format("fields of at most {} bytes", kLongestCsvField),
                  "a longer field",
                  "Check that this is a CSV file.");
    }
    cells_.text += c;
  }

  void end_field() {
    if (++row_fields_ > kMostCsvColumns) {
      throw fault(fmt::format("at most {} columns", kMostCsvColumns),
                  "more",
                  "Check that this is a CSV file.");
    }
    cells_.ends.push_back(cells_.text.size());
    field_bytes_ = 0;
    state_ = State::start;
  }

  void end_row() {
    const bool is_blank = row_fields_ == 0 && state_ == State::start;
    if (is_blank) {  // fine at the end of the file only
      blank_line_ = blank_line_ == 0 ? line_ : blank_line_;
    } else {
      end_field();
      check_row();
      cells_.lines.push_back(row_line_);
    }
    ++line_;
    row_line_ = line_;
    row_bytes_ = 0;
    row_fields_ = 0;
  }

  void check_row() {
    if (cells_.rows() == 0) {
      cells_.columns = static_cast<std::int64_t>(row_fields_);
    }
    if (blank_line_ != 0) {
      line_ = blank_line_;
      throw fault("no empty lines inside the table", "one", "Remove the line.");
    }
    if (static_cast<std::int64_t>(row_fields_) != cells_.columns) {
      line_ = row_line_;
      throw fault(fmt::format("{} fields as in the first line", cells_.columns),
                  fmt::format("{}", row_fields_),
                  "Repair or remove the line.");
    }
    if (cells_.rows() == kMostCsvRows) {
      throw fault(fmt::format("at most {} rows", kMostCsvRows), "more", "Split the file.");
    }
  }

  /// Strict UTF-8 first: GB18030 would accept, and garble, much of it.
  void decode() {
    const std::size_t count = cells_.ends.size();
    std::size_t first = 0;
    while (first < count && is_utf8(cell(first))) {
      ++first;
    }
    if (first == count) {
      return;
    }
    if (is_marked_) {
      throw undecodable(first);
    }
    Gb18030 converter;
    std::string text;
    std::vector<std::uint64_t> ends(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto converted = converter.to_utf8(cell(i));
      if (!converted) {
        throw undecodable(i);
      }
      text += *converted;
      ends[i] = text.size();
    }
    cells_.text = std::move(text);
    cells_.ends = std::move(ends);
    cells_.encoding = "GB18030";
  }

  DataError undecodable(std::size_t i) {
    line_ = cells_.lines[i / static_cast<std::size_t>(cells_.columns)];
    return fault("UTF-8 or GB18030 text", "neither", "Save the file as UTF-8.");
  }

  std::string_view cell(std::size_t i) const {
    return cells_.at(static_cast<std::int64_t>(i) / cells_.columns,
                     static_cast<std::int64_t>(i) % cells_.columns);
  }

  CsvCells cells_;
  char delimiter_;
  State state_ = State::start;
  bool is_begun_ = false;
  bool is_marked_ = false;
  bool is_after_return_ = false;
  std::int64_t line_ = 1;
  std::int64_t row_line_ = 1;
  std::int64_t quote_line_ = 0;
  std::int64_t blank_line_ = 0;
  std::size_t row_bytes_ = 0;
  std::size_t row_fields_ = 0;
  std::size_t field_bytes_ = 0;
};

}  // namespace

std::string_view CsvCells::at(std::int64_t row, std::int64_t column) const {
  const std::size_t i = static_cast<std::size_t>(row * columns + column);
  const std::uint64_t begin = i == 0 ? 0 : ends[i - 1];
  return std::string_view(text).substr(begin, ends[i] - begin);
}

std::string CsvCells::place(std::int64_t row, std::int64_t column) const {
  return fmt::format("{}:{}:{}", name, lines[static_cast<std::size_t>(row)], column + 1);
}

CsvCells read_csv(const std::string& path, char delimiter) {
  CsvParser parser(path, delimiter);
  read_pieces(path, [&](std::string_view piece) { parser.feed(piece); });
  return parser.finish();
}

CsvCells parse_csv(std::string_view text, const std::string& name, char delimiter) {
  CsvParser parser(name, delimiter);
  parser.feed(text);
  return parser.finish();
}

}  // namespace engram::formats
