// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "engram/data.hpp"
#include "engram/error.hpp"
#include "expect_error.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

using Numbers = std::vector<double>;
using Texts = std::vector<std::string>;

const char* const kBars =
    ",date,open,close,high,low,volume,code\n"
    "74,2010-04-26,88.702,87.381,89.072,87.362,107036.13,000519\n"
    "75,2010-04-27,87.355,84.841,87.355,84.681,58234.48,000519\n";

TEST(CsvTable, GivesAColumnByName) {
  EXPECT_EQ(parse_csv(kBars, "t.csv").column("open"), (Numbers{88.702, 87.355}));
}

TEST(CsvTable, GivesAColumnByPositionAsPandasCounts) {
  EXPECT_EQ(parse_csv(kBars, "t.csv").column(2), (Numbers{88.702, 87.355}));
}

TEST(CsvTable, TakesDigitsForAPosition) {
  EXPECT_EQ(parse_csv(kBars, "t.csv").column("2"), (Numbers{88.702, 87.355}));
}

TEST(CsvTable, PrefersANameOfDigitsToAPosition) {
  EXPECT_EQ(parse_csv("1,2\n", "t.csv", {.header = false}).position("1"), 1);
}

TEST(CsvTable, CountsRowsWithoutTheHeader) { EXPECT_EQ(parse_csv(kBars, "t.csv").rows(), 2); }

TEST(CsvTable, KeepsTextAsItStands) {
  EXPECT_EQ(parse_csv(kBars, "t.csv").text_column("code"), (Texts{"000519", "000519"}));
}

TEST(CsvTable, ReadsAFile) {
  const TemporaryFolder folder;

  EXPECT_EQ(read_csv(folder.write("t.csv", kBars)).column("low"), (Numbers{87.362, 84.681}));
}

TEST(CsvTable, FindsRolesByTheirChineseNames) {
  const CsvTable table =
      parse_csv("日期,开盘,收盘,最高,最低,成交量\n2020-04-24,1,2,3,4,5\n", "t.csv");

  EXPECT_EQ(table.column("open"), Numbers{1});
  EXPECT_EQ(table.column("close"), Numbers{2});
  EXPECT_EQ(table.column("high"), Numbers{3});
  EXPECT_EQ(table.column("low"), Numbers{4});
  EXPECT_EQ(table.column("volume"), Numbers{5});
  EXPECT_EQ(table.text_column("date"), Texts{"2020-04-24"});
}

TEST(CsvTable, FindsRolesByTheNamesOfDataServices) {
  const CsvTable table = parse_csv("trade_date,Open,vol\n20200424,1,2\n", "t.csv");

  EXPECT_EQ(table.position("date"), 0);
  EXPECT_EQ(table.position("open"), 1);
  EXPECT_EQ(table.position("volume"), 2);
}

TEST(CsvTable, FindsEnglishColumnsByChineseNames) {
  EXPECT_EQ(parse_csv(kBars, "t.csv").position("开盘"), 2);
}

TEST(CsvTable, PrefersTheExactName) {
  EXPECT_EQ(parse_csv("Open,open\n1,2\n", "t.csv").column("open"), Numbers{2});
}

TEST(CsvTable, RefusesAnAmbiguousName) {
  EXPECT_ERROR(
      parse_csv("Open,开盘\n1,2\n", "t.csv").column("open"),
      DataError,
      "t.csv: expected one column for 'open', got columns 0 and 1, counted from 0. Give the "
      "exact name, or the position.");
}

TEST(CsvTable, ListsColumnsWhenOneIsUnknown) {
  EXPECT_ERROR(parse_csv(kBars, "t.csv").column("opne"),
               DataError,
               "t.csv: expected a supported column, got 'opne'. Did you mean 'open'? Supported: , "
               "date, open, close, high, low, volume, code.");
}

TEST(CsvTable, KnowsWhichColumnsItHas) {
  const CsvTable table = parse_csv(kBars, "t.csv");

  EXPECT_TRUE(table.has_column("close"));
  EXPECT_FALSE(table.has_column("amount"));
}

TEST(CsvTable, RefusesPositionsOutside) {
  EXPECT_ERROR(parse_csv("a,b\n1,2\n", "t.csv").column(2),
               DataError,
               "t.csv: expected a column from 0 to 1, got 2. Positions count from 0.");
}

TEST(CsvTable, ReadsValuesWithoutHeaderWhenAsked) {
  const CsvTable table = parse_csv("1,2\n3,4\n", "t.csv", {.header = false});

  EXPECT_EQ(table.names(), (Texts{"0", "1"}));
  EXPECT_EQ(table.column(1), (Numbers{2, 4}));
}

struct HeaderCase {
  const char* name;
  const char* text;
  const char* message;
};

class BadHeader : public testing::TestWithParam<HeaderCase> {};

TEST_P(BadHeader, IsRefused) {
  EXPECT_ERROR(parse_csv(GetParam().text, "t.csv"), DataError, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    CsvTable,
    BadHeader,
    testing::Values(HeaderCase{"Numbers",
                               "2010-04-26,88.702\n2010-04-27,87.355\n",
                               "t.csv:1:2: expected a header of column names, got '88.702'. Set "
                               "header = false if there is none."},
                    HeaderCase{
                        "Alone",
                        "date,open\n",
                        "t.csv: expected rows of values, got a header alone. Check that this "
                        "is the whole file."},
                    HeaderCase{"SameNameTwice",
                               "open,open\n1,2\n",
                               "t.csv:1:2: expected different column names, got 'open'. Rename one "
                               "of them."},
                    HeaderCase{"EmptyName",
                               "a,,b\n1,2,3\n",
                               "t.csv:1:2: expected a name for each column, got ''. Name the "
                               "column."}),
    [](const auto& test) { return test.param.name; });

class GoodNumber : public testing::TestWithParam<std::pair<const char*, double>> {};

TEST_P(GoodNumber, IsReadToTheBit) {
  const auto [text, expected] = GetParam();

  EXPECT_EQ(parse_csv(std::string("a\n") + text + "\n", "t.csv").column("a"), Numbers{expected});
}

INSTANTIATE_TEST_SUITE_P(CsvTable,
                         GoodNumber,
                         testing::Values(std::pair("1", 1.0),
                                         std::pair("-0.5", -0.5),
                                         std::pair(" 1.5 ", 1.5),
                                         std::pair("1e3", 1000.0),
                                         std::pair("0.1", 0.1),
                                         std::pair("1e-300", 1e-300),
                                         std::pair("1.7976931348623157e308",
                                                   std::numeric_limits<double>::max()),
                                         std::pair("\"2.5\"", 2.5)));

class BadNumber : public testing::TestWithParam<const char*> {};

TEST_P(BadNumber, IsRefusedNamingItsPlace) {
  const std::string text = GetParam();
  const CsvTable table = parse_csv("a,b\n1,2\n3,\"" + text + "\"\n", "t.csv");

  EXPECT_ERROR(table.column("b"),
               DataError,
               ("t.csv:3:2: expected a finite number in column 'b', got '" + text +
                "'. Write plain numbers such as 1234.5, without separators or units.")
                   .c_str());
}

INSTANTIATE_TEST_SUITE_P(CsvTable,
                         BadNumber,
                         testing::Values("x",
                                         "inf",
                                         "-inf",
                                         "Infinity",
                                         "1e400",
                                         "1e-400",
                                         "0x10",
                                         "1,234.5",
                                         "12%",
                                         "--",
                                         "+1",
                                         "1 2",
                                         "1.2.3",
                                         "\uff11\uff12"));

class MissingNumber : public testing::TestWithParam<const char*> {};

TEST_P(MissingNumber, IsRefusedNamingItsPlace) {
  const std::string text = GetParam();
  const CsvTable table = parse_csv("a,b\n1,2\n3," + text + "\n", "t.csv");

  EXPECT_ERROR(table.column("b"),
               DataError,
               ("t.csv:3:2: expected a finite number in column 'b', got a missing value ('" + text +
                "'). Fill in the value or remove the row.")
                   .c_str());
}

INSTANTIATE_TEST_SUITE_P(CsvTable,
                         MissingNumber,
                         testing::Values("",
                                         " ",
                                         "#N/A",
                                         "#N/A N/A",
                                         "#NA",
                                         "-1.#IND",
                                         "-1.#QNAN",
                                         "-NaN",
                                         "-nan",
                                         "1.#IND",
                                         "1.#QNAN",
                                         "<NA>",
                                         "N/A",
                                         "NA",
                                         "NULL",
                                         "NaN",
                                         "None",
                                         "n/a",
                                         "nan",
                                         "null"));

TEST(CsvTable, ReadsOtherColumnsBesideAMissingValue) {
  EXPECT_EQ(parse_csv("a,b\n1,\n", "t.csv").column("a"), Numbers{1});
}

TEST(CsvTableDates, RefusesNewestFirst) {
  EXPECT_ERROR(parse_csv("date,open\n2020-04-24,2\n2020-04-23,1\n", "t.csv"),
               DataError,
               "t.csv:3:1: expected dates from oldest to newest, got '2020-04-23' after "
               "'2020-04-24'. Set sort = true to bring the rows into the order of their dates.");
}

TEST(CsvTableDates, SortsWhenAsked) {
  const CsvTable table =
      parse_csv("date,open\n2020-04-24,2\n2020-04-23,1\n", "t.csv", {.sort = true});

  EXPECT_EQ(table.column("open"), (Numbers{1, 2}));
  EXPECT_EQ(table.text_column("date"), (Texts{"2020-04-23", "2020-04-24"}));
}

TEST(CsvTableDates, RefusesADateTwice) {
  EXPECT_ERROR(
      parse_csv("date,open\n2020-04-23,1\n2020/4/23,2\n", "t.csv"),
      DataError,
      "t.csv:3:1: expected each date once, got '2020/4/23' again, first in line 2. Keep one "
      "row for each date.");
}

TEST(CsvTableDates, ComparesNumbersNotText) {
  EXPECT_NO_THROW(parse_csv("date,open\n2020/4/9,1\n2020/4/10,2\n", "t.csv"));
}

TEST(CsvTableDates, ComparesTimesOfADay) {
  EXPECT_NO_THROW(parse_csv("date,open\n2020-04-23 09:30,1\n2020-04-23 15:00,2\n", "t.csv"));
}

TEST(CsvTableDates, ComparesDatesWithAndWithoutDashes) {
  EXPECT_THROW(parse_csv("date,open\n2020-04-24,1\n20200423,2\n", "t.csv"), DataError);
}

TEST(CsvTableDates, AreLabelsWhenTheYearIsNotFirst) {
  EXPECT_NO_THROW(parse_csv("date,open\n04/24/2020,2\n04/23/2020,1\n", "t.csv"));
}

TEST(CsvTableDates, CannotBeSortedWhenTheYearIsNotFirst) {
  EXPECT_ERROR(parse_csv("date,open\n04/24/2020,2\n", "t.csv", {.sort = true}),
               DataError,
               "t.csv:2:1: expected a date that begins with the year, got '04/24/2020'. Write "
               "2020-04-24.");
}

TEST(CsvTableDates, MustAllBeDates) {
  EXPECT_ERROR(parse_csv("date,open\n2020-04-24,2\n,1\n", "t.csv"),
               DataError,
               "t.csv:3:1: expected a date that begins with the year, got ''. Write 2020-04-24.");
}

}  // namespace
}  // namespace engram
