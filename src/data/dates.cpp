// SPDX-License-Identifier: Apache-2.0
#include "data/dates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.hpp"

namespace engram::data {

namespace {

using Key = std::vector<std::int64_t>;

DataError fault(const formats::CsvCells& cells,
                std::int64_t column,
                std::int64_t row,
                std::string expected,
                std::string after,
                std::string remedy) {
  return error<DataError>({.where = cells.place(row, column),
                           .expected = std::move(expected),
                           .got = in_quotes(cells.at(row, column)) + after,
                           .remedy = std::move(remedy)});
}

}  // namespace

std::vector<std::int64_t> date_key(std::string_view text) {
  Key key;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    at = std::find_if(at, end, [](char c) { return c >= '0' && c <= '9'; });
    if (at == end) {
      return key;
    }
    std::int64_t number = 0;
    const auto [next, failure] = std::from_chars(at, end, number);
    const bool is_first = key.empty();
    if (failure != std::errc() || (is_first && (at != text.data() || next - at < 4))) {
      return {};
    }
    if (is_first && next - at == 8) {
      key = {number / 10000, number / 100 % 100, number % 100};
    } else {
      key.push_back(number);
    }
    at = next;
  }
}

void order_by_dates(const formats::CsvCells& cells,
                    std::int64_t column,
                    bool sort,
                    std::vector<std::int64_t>& rows) {
  const bool is_year_first = !date_key(cells.at(rows[0], column)).empty();
  if (!is_year_first && !sort) {
    return;
  }
  std::vector<std::pair<Key, std::int64_t>> keyed;
  for (const std::int64_t row : rows) {
    keyed.emplace_back(date_key(cells.at(row, column)), row);
    if (keyed.back().first.empty()) {
      throw fault(cells, column, row, "a date that begins with the year", "", "Write 2020-04-24.");
    }
  }
  if (sort) {
    std::ranges::sort(keyed);
  }
  for (std::size_t i = 1; i < keyed.size(); ++i) {
    const auto& [key, row] = keyed[i];
    const std::int64_t before = keyed[i - 1].second;
    if (key == keyed[i - 1].first) {
      throw fault(cells,
                  column,
                  row,
                  "each date once",
                  fmt::format(" again, first in line {}", cells.lines[before]),
                  "Keep one row for each date.");
    }
    if (key < keyed[i - 1].first) {
      throw fault(cells,
                  column,
                  row,
                  "dates from oldest to newest",
                  " after " + in_quotes(cells.at(before, column)),
                  "Set sort = true to bring the rows into the order of their dates.");
    }
  }
  std::ranges::transform(keyed, rows.begin(), [](const auto& item) { return item.second; });
}

}  // namespace engram::data
