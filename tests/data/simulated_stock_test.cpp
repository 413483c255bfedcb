// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "engram/data.hpp"

namespace engram {
namespace {

CsvTable table() { return read_csv(ENGRAM_SOURCE_DIR "/share/simulated_stock.csv"); }

TEST(SimulatedStock, HasTheColumnsOfTheCoursesFile) {
  const std::vector<std::string> expected = {
      "", "date", "open", "close", "high", "low", "volume", "code"};

  EXPECT_EQ(table().names(), expected);
}

TEST(SimulatedStock, HasAsManyRowsAsTheCoursesFile) { EXPECT_EQ(table().rows(), 2426); }

TEST(SimulatedStock, SaysThatItsCodeIsMadeUp) {
  EXPECT_EQ(table().text_column("code").front(), "SIM001");
}

TEST(SimulatedStock, KeepsOpenAndCloseBetweenLowAndHigh) {
  const CsvTable bars = table();
  const auto open = bars.column("open");
  const auto close = bars.column("close");
  const auto high = bars.column("high");
  const auto low = bars.column("low");

  for (std::size_t i = 0; i < open.size(); ++i) {
    EXPECT_GE(high[i], std::max(open[i], close[i])) << i;
    EXPECT_LE(low[i], std::min(open[i], close[i])) << i;
  }
}

}  // namespace
}  // namespace engram
