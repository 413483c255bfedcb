// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "data/column_names.hpp"
#include "data/dates.hpp"
#include "engram/data.hpp"
#include "formats/csv.hpp"

namespace engram {

struct CsvTable::Content {
  formats::CsvCells cells;
  std::vector<std::string> names;
  std::vector<std::int64_t> order;  // rows of cells, without the header
};

namespace {

/// The words that pandas takes for a missing value.
// clang-format off
constexpr auto kMissing = std::to_array<std::string_view>(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
     "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"});

// clang-format on

std::optional<double> number_in(std::string_view text) {
  text = data::trimmed(text);
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = failure == std::errc() && end == text.data() + text.size();
  return is_number && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

double number_at(const formats::CsvCells& cells,
                 std::int64_t row,
                 std::int64_t column,
                 std::string_view name) {
  const std::string_view text = cells.at(row, column);
  if (const std::optional<double> number = number_in(text)) {
    return *number;
  }
  const bool is_missing = std::ranges::find(kMissing, data::trimmed(text)) != kMissing.end();
  throw error<DataError>(
      {.where = cells.place(row, column),
       .expected = fmt::format("a finite number in column {}", engram::in_quotes(name)),
       .got = is_missing ? fmt::format("a missing value ({})", engram::in_quotes(text))
                         : in_quotes(text),
       .remedy = is_missing ? "Fill in the value or remove the row."
                            : "Write plain numbers such as 1234.5, without separators or units."});
}

/// The names in the first line. Errors: DataError when that is no header.
std::vector<std::string> header_names(const formats::CsvCells& cells) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (std::int64_t i = 0; i < cells.columns; ++i) {
    const std::string name(data::trimmed(cells.at(0, i)));
    const auto check = [&](bool is_fine, const char* expected, const char* remedy) {
      if (!is_fine) {
        throw error<DataError>({.where = cells.place(0, i),
                                .expected = expected,
                                .got = engram::in_quotes(name),
                                .remedy = remedy});
      }
    };
    check(!number_in(name), "a header of column names", "Set header = false if there is none.");
    // pandas leaves the name of its index, the first column, empty
    check(i == 0 || !name.empty(), "a name for each column", "Name the column.");
    check(seen.insert(name).second, "different column names", "Rename one of them.");
    names.push_back(name);
  }
  return names;
}

std::vector<std::int64_t> row_numbers(const formats::CsvCells& cells, bool has_header) {
  const std::int64_t first = has_header ? 1 : 0;
  if (cells.rows() == first) {
    throw error<DataError>({.where = cells.name,
                            .expected = "rows of values",
                            .got = "a header alone",
                            .remedy = "Check that this is the whole file."});
  }
  std::vector<std::int64_t> rows(static_cast<std::size_t>(cells.rows() - first));
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

}  // namespace

struct CsvTableBuilder {
  static CsvTable make(formats::CsvCells cells, const CsvOptions& options) {
    auto content = std::make_shared<CsvTable::Content>(CsvTable::Content{std::move(cells), {}, {}});
    if (options.header) {
      content->names = header_names(content->cells);
    } else {
      for (std::int64_t i = 0; i < content->cells.columns; ++i) {
        content->names.push_back(std::to_string(i));
      }
    }
    content->order = row_numbers(content->cells, options.header);
    const CsvTable table(content);
    const std::vector<std::int64_t> dates = data::matching_columns(content->names, "date");
    if (options.sort || dates.size() == 1) {
      const std::int64_t column = table.position("date");
      data::order_by_dates(content->cells, column, options.sort, content->order);
    }
    return table;
  }
};

CsvTable read_csv(const std::string& path, const CsvOptions& options) {
  return CsvTableBuilder::make(formats::read_csv(path, options.delimiter), options);
}

CsvTable parse_csv(std::string_view text, const std::string& name, const CsvOptions& options) {
  return CsvTableBuilder::make(formats::parse_csv(text, name, options.delimiter), options);
}

const std::vector<std::string>& CsvTable::names() const { return content_->names; }

std::int64_t CsvTable::rows() const { return static_cast<std::int64_t>(content_->order.size()); }

std::int64_t CsvTable::columns() const { return content_->cells.columns; }

const std::string& CsvTable::encoding() const { return content_->cells.encoding; }

std::int64_t CsvTable::position(std::string_view name) const {
  const std::vector<std::int64_t> found = data::matching_columns(names(), name);
  if (found.empty()) {
    throw error<DataError>(data::unknown_column(content_->cells.name, names(), name));
  }
  if (found.size() > 1) {
    throw error<DataError>(
        {.where = content_->cells.name,
         .expected = fmt::format("one column for {}", engram::in_quotes(name)),
         .got = fmt::format("columns {} and {}, counted from 0", found[0], found[1]),
         .remedy = "Give the exact name, or the position."});
  }
  return found[0];
}

bool CsvTable::has_column(std::string_view name) const {
  return data::matching_columns(names(), name).size() == 1;
}

std::vector<double> CsvTable::column(std::string_view name) const { return column(position(name)); }

std::vector<double> CsvTable::column(std::int64_t position) const {
  const formats::CsvCells& cells = content_->cells;
  const std::string& name = names()[checked(position)];
  std::vector<double> numbers;
  numbers.reserve(content_->order.size());
  for (const std::int64_t row : content_->order) {
    numbers.push_back(number_at(cells, row, position, name));
  }
  return numbers;
}

std::vector<std::string> CsvTable::text_column(std::string_view name) const {
  return text_column(position(name));
}

std::vector<std::string> CsvTable::text_column(std::int64_t position) const {
  checked(position);
  std::vector<std::string> texts;
  texts.reserve(content_->order.size());
  for (const std::int64_t row : content_->order) {
    texts.emplace_back(content_->cells.at(row, position));
  }
  return texts;
}

std::size_t CsvTable::checked(std::int64_t position) const {
  if (position < 0 || position >= columns()) {
    throw error<DataError>({.where = content_->cells.name,
                            .expected = fmt::format("a column from 0 to {}", columns() - 1),
                            .got = fmt::format("{}", position),
                            .remedy = "Positions count from 0."});
  }
  return static_cast<std::size_t>(position);
}

}  // namespace engram
