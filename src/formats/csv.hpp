// SPDX-License-Identifier: Apache-2.0
/// The cells of a CSV file as text: strict RFC 4180, with what spreadsheets and data services
/// write.
///
/// Example: const CsvCells cells = read_csv("prices.csv");
///          cells.at(0, 2);  // the third field of the first line
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace engram::formats {

inline constexpr std::size_t kLongestCsvLine = std::size_t{1} << 20;
inline constexpr std::size_t kLongestCsvField = std::size_t{128} << 10;
inline constexpr std::size_t kMostCsvColumns = 4096;
inline constexpr std::int64_t kMostCsvRows = std::int64_t{1} << 31;

/// A table of text, every row of the same length; encoded in UTF-8.
struct CsvCells {
  std::string name;  ///< of the file, for messages
  std::int64_t columns = 0;
  std::string text;                 ///< all cells, row by row, one after the other
  std::vector<std::uint64_t> ends;  ///< where each cell ends in `text`
  std::vector<std::int64_t> lines;  ///< the line in the file where each row begins, from 1
  std::string encoding = "UTF-8";   ///< of the file: UTF-8 or GB18030

  std::int64_t rows() const { return static_cast<std::int64_t>(lines.size()); }

  std::string_view at(std::int64_t row, std::int64_t column) const;
  /// "prices.csv:118:4": line and field, from 1
  std::string place(std::int64_t row, std::int64_t column) const;
};

/// Reads a file piece by piece; a faulty one is left at its first fault.
/// Accepts UTF-8 with or without a byte order mark, else GB18030; lines that end in LF, CR, CRLF or
/// a mixture; empty lines at the end. `delimiter` '\0' is found in the first line: the one of
/// comma, semicolon and tab that stands there most often.
/// Errors: DataError naming file and line for ragged rows, wrong or unclosed quotes, an empty file,
///         UTF-16 or binary content, and beyond the limits above; IoError.
CsvCells read_csv(const std::string& path, char delimiter = '\0');

/// The same for text in memory; `name` names it in messages.
CsvCells parse_csv(std::string_view text, const std::string& name, char delimiter = '\0');

}  // namespace engram::formats
