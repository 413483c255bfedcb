// SPDX-License-Identifier: Apache-2.0
#include "report/axis.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace engram::report {
namespace {

using Labels = std::vector<std::string>;

Labels labels(const Axis& axis) {
  Labels out;
  for (const Tick& tick : axis.ticks) {
    out.push_back(tick.label);
  }
  return out;
}

struct AxisCase {
  const char* name;
  double low;
  double high;
  AxisOptions options;
  Labels labels;
};

class Axes : public testing::TestWithParam<AxisCase> {};

TEST_P(Axes, HaveRoundTicks) {
  const auto& [name, low, high, options, expected] = GetParam();

  EXPECT_EQ(labels(make_axis(low, high, options)), expected);
}

TEST_P(Axes, HoldTheirData) {
  const auto& [name, low, high, options, expected] = GetParam();
  const Axis axis = make_axis(low, high, options);

  EXPECT_GT(axis.position(low), 0);
  EXPECT_LT(axis.position(high), 1);
}

INSTANTIATE_TEST_SUITE_P(
    MakeAxis,
    Axes,
    testing::Values(
        AxisCase{"Hundred", 0, 100, {}, {"0", "20", "40", "60", "80", "100"}},
        AxisCase{"Fractions", 0.01, 0.05, {}, {"0.01", "0.02", "0.03", "0.04", "0.05"}},
        AxisCase{"Negative", -1, 1, {}, {"-1.0", "-0.5", "0.0", "0.5", "1.0"}},
        AxisCase{"Thousands", 800, 1250, {}, {"800", "900", "1,000", "1,100", "1,200"}},
        AxisCase{"Large", 1e9, 3e9, {.most_ticks = 3}, {"1e9", "2e9", "3e9"}},
        AxisCase{"Small", 1e-9, 3e-9, {.most_ticks = 3}, {"1e-9", "2e-9", "3e-9"}},
        AxisCase{"Integers", 1, 3, {.is_integer = true}, {"1", "2", "3"}},
        AxisCase{"Constant", 5, 5, {}, {"4.8", "4.9", "5.0", "5.1", "5.2"}},
        AxisCase{"Zero", 0, 0, {.most_ticks = 2}, {"-1", "0", "1"}},
        AxisCase{
            "OneUlp", 1, std::nextafter(1.0, 2.0), {.most_ticks = 2}, {"0.95", "1.00", "1.05"}},
        AxisCase{"Decades", 0.001, 10, {.is_log = true}, {"0.001", "0.01", "0.1", "1", "10"}},
        AxisCase{"OneDecade", 0.01, 0.1, {.is_log = true}, {"0.01", "0.02", "0.05", "0.1"}},
        AxisCase{"LessThanADecade", 3, 4, {.most_ticks = 2, .is_log = true}, {"3", "4"}},
        AxisCase{"ManyDecades",
                 1e-90,
                 1e90,
                 {.most_ticks = 3, .is_log = true},
                 {"1e-33", "1e32", "1e97"}}),
    [](const auto& test) { return test.param.name; });

TEST(Axis, PlacesValuesOnALogarithmicAxis) {
  const Axis axis{.low = 1, .high = 100, .is_log = true};

  EXPECT_DOUBLE_EQ(axis.position(10), 0.5);
}

TEST(IsDrawable, RefusesWhatIsNotFiniteOrTooLarge) {
  for (const double value : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e200}) {
    EXPECT_FALSE(is_drawable(value, false)) << value;
  }
}

TEST(IsDrawable, RefusesZeroOnALogarithmicAxis) {
  EXPECT_TRUE(is_drawable(0, false));
  EXPECT_FALSE(is_drawable(0, true));
  EXPECT_FALSE(is_drawable(-1, true));
}

TEST(NumberText, SeparatesThousands) {
  EXPECT_EQ(number_text(0, 0), "0");
  EXPECT_EQ(number_text(999, 0), "999");
  EXPECT_EQ(number_text(1000, 0), "1,000");
  EXPECT_EQ(number_text(-1234567.25, 2), "-1,234,567.25");
  EXPECT_EQ(number_text(-100, 0), "-100");
}

}  // namespace
}  // namespace engram::report
