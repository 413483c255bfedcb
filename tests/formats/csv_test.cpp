// SPDX-License-Identifier: Apache-2.0
#include "formats/csv.hpp"

#include <gtest/gtest.h>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "formats/encoding.hpp"
#include "temporary_folder.hpp"

namespace engram::formats {
namespace {

using Row = std::vector<std::string>;
using Rows = std::vector<Row>;

Rows rows_of(const CsvCells& cells) {
  Rows rows(static_cast<std::size_t>(cells.rows()));
  for (std::int64_t i = 0; i < cells.rows(); ++i) {
    for (std::int64_t j = 0; j < cells.columns; ++j) {
      rows[static_cast<std::size_t>(i)].emplace_back(cells.at(i, j));
    }
  }
  return rows;
}

struct GoodCase {
  const char* name;
  std::string text;
  Rows rows;
};

class GoodCsv : public testing::TestWithParam<GoodCase> {};

TEST_P(GoodCsv, IsRead) {
  EXPECT_EQ(rows_of(parse_csv(GetParam().text, "t.csv")), GetParam().rows);
}

const Rows kTable = {{"a", "b"}, {"1", "2"}};

INSTANTIATE_TEST_SUITE_P(
    ParseCsv,
    GoodCsv,
    testing::Values(
        GoodCase{"Lf", "a,b\n1,2\n", kTable},
        GoodCase{"CrLf", "a,b\r\n1,2\r\n", kTable},
        GoodCase{"Cr", "a,b\r1,2\r", kTable},
        GoodCase{
            "MixedEnds", "a,b\r\n1,2\n3,4\r5,6", {{"a", "b"}, {"1", "2"}, {"3", "4"}, {"5", "6"}}},
        GoodCase{"NoLastEnd", "a,b\n1,2", kTable},
        GoodCase{"EmptyLinesAtTheEnd", "a,b\n1,2\n\n\r\n\n", kTable},
        GoodCase{"ByteOrderMark",
                 "\xef\xbb\xbf"
                 "a,b\n1,2\n",
                 kTable},
        GoodCase{"Semicolons", "a;b\n1;2\n", kTable},
        GoodCase{"Tabs", "a\tb\n1\t2\n", kTable},
        GoodCase{"DelimiterInQuotes", "\"x;y;z\",b\n1,2\n", {{"x;y;z", "b"}, {"1", "2"}}},
        GoodCase{"OneColumn", "a\n1\n", {{"a"}, {"1"}}},
        GoodCase{"EmptyFields", ",b\n,\n", {{"", "b"}, {"", ""}}},
        GoodCase{"Quotes", "\"a\",\"b\"\n\"1\",2\n", kTable},
        GoodCase{"DoubledQuotes", "a,b\n\"x\"\"y\",\"\"\n", {{"a", "b"}, {"x\"y", ""}}},
        GoodCase{"CommaInQuotes", "a,b\n\"1,5\",2\n", {{"a", "b"}, {"1,5", "2"}}},
        GoodCase{"LineEndInQuotes", "a,b\n\"1\r\n2\",3\n", {{"a", "b"}, {"1\r\n2", "3"}}},
        GoodCase{"QuotedEmptyLine", "a\n\"\"\n", {{"a"}, {""}}},
        GoodCase{"SpacesAreKept", "a,b\n 1 ,2\n", {{"a", "b"}, {" 1 ", "2"}}}),
    [](const auto& test) { return test.param.name; });

struct BadCase {
  const char* name;
  std::string text;
  const char* message;
};

class BadCsv : public testing::TestWithParam<BadCase> {};

TEST_P(BadCsv, IsRefusedNamingItsPlace) {
  EXPECT_ERROR(parse_csv(GetParam().text, "t.csv"), DataError, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    ParseCsv,
    BadCsv,
    testing::Values(
        BadCase{"Empty", "", "t.csv:1: expected a table, got an empty file. Check the path."},
        BadCase{"BlankLinesAlone",
                "\n",
                "t.csv:2: expected a table, got an empty file. Check the path."},
        BadCase{
            "ShortRow",
            "a,b\n1,2\n3\n",
            "t.csv:3: expected 2 fields as in the first line, got 1. Repair or remove the line."},
        BadCase{
            "LongRow",
            "a,b\n1,2,3\n",
            "t.csv:2: expected 2 fields as in the first line, got 3. Repair or remove the line."},
        BadCase{
            "RaggedAfterLinesInQuotes",
            "a,b\n\"1\n\n\",2\n3\n",
            "t.csv:5: expected 2 fields as in the first line, got 1. Repair or remove the line."},
        BadCase{"EmptyLineInside",
                "a,b\n\n1,2\n",
                "t.csv:2: expected no empty lines inside the table, got one. Remove the line."},
        BadCase{"UnclosedQuote",
                "a,b\n1,2\n3,\"4\n5,6\n",
                "t.csv:3:2: expected a closing quote within 131072 bytes, got the end of the file. "
                "Close the quote that begins here."},
        BadCase{"TextAfterQuote",
                "a,b\n\"1\"x,2\n",
                "t.csv:2: expected a delimiter after a closing quote, got 'x'. Double quotes in a "
                "field."},
        BadCase{"QuoteInsideField",
                "a,b\n1\"x\",2\n",
                "t.csv:2: expected quotes around a whole field, got a quote inside one. Double it, "
                "and quote the field."},
        BadCase{"ZeroByte",
                std::string("a,b\n1,\0\n", 8),
                "t.csv:2: expected text, got a zero byte. Save the file as UTF-8 text."},
        BadCase{"Utf16",
                std::string("\xff\xfe"
                            "a\0,\0",
                            6),
                "t.csv:1: expected UTF-8 or GB18030 text, got UTF-16. Save the file as UTF-8."},
        BadCase{"NeitherEncoding",
                "a,b\n1,\xff\xff\n",
                "t.csv:2: expected UTF-8 or GB18030 text, got neither. Save the file as UTF-8."},
        BadCase{"MarkedUtf8ThatIsNone",
                "\xef\xbb\xbf"
                "a,b\n1,\xbf\xaa\n",
                "t.csv:2: expected UTF-8 or GB18030 text, got neither. Save the file as UTF-8."}),
    [](const auto& test) { return test.param.name; });

TEST(ParseCsv, CountsLinesOfEveryKindOfEnd) {
  const CsvCells cells = parse_csv("a,b\r\n\"1\r\n\",2\r3,4\n5,6\n", "t.csv");

  EXPECT_EQ(cells.lines, (std::vector<std::int64_t>{1, 2, 4, 5}));
}

TEST(ParseCsv, NamesLineAndField) {
  EXPECT_EQ(parse_csv("a,b\n1,2\n", "t.csv").place(1, 1), "t.csv:2:2");
}

TEST(ParseCsv, TakesAGivenDelimiter) {
  EXPECT_EQ(rows_of(parse_csv("a,b;c\n", "t.csv", ';')), (Rows{{"a,b", "c"}}));
}

TEST(ParseCsv, ReadsGb18030LikeUtf8) {
  // 日期,开盘 in GBK; the second byte of 盘 is 0xcc, that of 期 0xda
  const CsvCells cells = parse_csv("\xc8\xd5\xc6\xda,\xbf\xaa\xc5\xcc\n1,2\n", "t.csv");

  EXPECT_EQ(rows_of(cells), (Rows{{"日期", "开盘"}, {"1", "2"}}));
  EXPECT_EQ(cells.encoding, "GB18030");
}

TEST(ParseCsv, NeverTakesUtf8ForGb18030) {
  const CsvCells cells = parse_csv("日期,开盘\n1,2\n", "t.csv");

  EXPECT_EQ(rows_of(cells), (Rows{{"日期", "开盘"}, {"1", "2"}}));
  EXPECT_EQ(cells.encoding, "UTF-8");
}

TEST(ParseCsv, ReadsFourByteCharactersOfGb18030) {
  const CsvCells cells = parse_csv("\x81\x30\x84\x36,b\n", "t.csv");  // U+00A5

  EXPECT_EQ(cells.at(0, 0), "\u00a5");
}

TEST(ParseCsv, RefusesLongFields) {
  EXPECT_ERROR(parse_csv("a,b\n1," + std::string(kLongestCsvField + 1, 'x'), "t.csv"),
               DataError,
               "t.csv:2: expected fields of at most 131072 bytes, got a longer field. Check that "
               "this is a CSV file.");
}

TEST(ParseCsv, TakesTheLongestField) {
  const std::string field(kLongestCsvField, 'x');

  EXPECT_EQ(parse_csv("a," + field, "t.csv").at(0, 1), field);
}

TEST(ParseCsv, RefusesALongQuotedFieldNamingWhereItBegins) {
  EXPECT_ERROR(parse_csv("a,b\n1,\"" + std::string(kLongestCsvField + 1, '\n'), "t.csv"),
               DataError,
               "t.csv:2:2: expected a closing quote within 131072 bytes, got a longer field. Close "
               "the quote that begins here.");
}

TEST(ParseCsv, RefusesLongLines) {
  std::string line;
  while (line.size() <= kLongestCsvLine) {
    line += std::string(1000, 'x') + ",";
  }
  EXPECT_ERROR(parse_csv(line, "t.csv"),
               DataError,
               "t.csv:1: expected lines of at most 1048576 bytes, got a longer line. Check that "
               "this is a CSV file.");
}

TEST(ParseCsv, RefusesTooManyColumns) {
  EXPECT_ERROR(parse_csv(std::string(kMostCsvColumns, ','), "t.csv"),
               DataError,
               "t.csv:1: expected at most 4096 columns, got more. Check that this is a CSV file.");
}

TEST(ParseCsv, TakesTheMostColumns) {
  EXPECT_EQ(parse_csv(std::string(kMostCsvColumns - 1, ','), "t.csv").columns, 4096);
}

TEST(ReadCsv, ReadsAcrossPieces) {
  const TemporaryFolder folder;
  std::string text = "a,b\n";
  Rows expected = {{"a", "b"}};
  for (int i = 0; i < 30'000; ++i) {  // some lines lie across the pieces of 64 KiB
    text += std::to_string(i) + ",\"开\"\"\"\r\n";
    expected.push_back({std::to_string(i), "开\""});
  }

  EXPECT_EQ(rows_of(read_csv(folder.write("t.csv", text))), expected);
}

TEST(ReadCsv, RefusesAMissingFile) { EXPECT_THROW(read_csv("/no/such.csv"), IoError); }

TEST(IsUtf8, AcceptsTheEndsOfEachLength) {
  for (const char* text : {"",
                           "a",
                           "\x7f",
                           "\u0080",
                           "\u07ff",
                           "\u0800",
                           "\ud7ff",
                           "\ue000",
                           "\uffff",
                           "\U00010000",
                           "\U0010ffff"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(IsUtf8, RefusesMalformedBytes) {
  for (const char* text : {"\x80",
                           "\xc1\xbf",
                           "\xc3",
                           "\xe0\x9f\xbf",
                           "\xed\xa0\x80",
                           "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xe2\x82",
                           "\xe2\x82"
                           "a",
                           "\xff"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

}  // namespace
}  // namespace engram::formats
