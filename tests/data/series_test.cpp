// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "engram/data.hpp"
#include "engram/error.hpp"
#include "expect_error.hpp"

namespace engram {
namespace {

using Numbers = std::vector<double>;

TEST(SlidingWindows, TakeWindowAndNextValue) {
  const auto [x, y] = sliding_windows(Numbers{1, 2, 3, 4, 5}, 3);

  EXPECT_EQ(x, Tensor({2, 3, 1}, {1, 2, 3, 2, 3, 4}));
  EXPECT_EQ(y, Tensor({2}, {4, 5}));
}

TEST(SlidingWindows, MakeOneOfWindowPlusOneValues) {
  const auto [x, y] = sliding_windows(Numbers{1, 2, 3, 4}, 3);

  EXPECT_EQ(x, Tensor({1, 3, 1}, {1, 2, 3}));
  EXPECT_EQ(y, Tensor({1}, {4}));
}

TEST(WindowViews, TakeEveryColumnAndTheTargetsNextValue) {
  const Tensor series({4, 2}, {1, 10, 2, 20, 3, 30, 4, 40});
  const auto [x, y] = window_views(series, 2, 1);

  EXPECT_EQ(x.tensor(), Tensor({2, 2, 2}, {1, 10, 2, 20, 2, 20, 3, 30}));
  EXPECT_EQ(y.tensor(), Tensor({2}, {30, 40}));
}

TEST(WindowViews, RefuseAColumnThatIsNotThere) {
  EXPECT_ERROR(window_views(Tensor({4, 2}), 2, 2),
               OptionError,
               "window_views: expected a target column from 0 to 1, got 2.");
}

TEST(SlidingWindows, RefuseASeriesOfTheWindowsLength) {
  EXPECT_ERROR(
      sliding_windows(Numbers(60), 60),
      DataError,
      "sliding_windows: expected at least 61 values for a window of 60 and the value after "
      "it, got 60. Use more rows or a shorter window.");
}

TEST(SlidingWindows, RefuseAnEmptySeries) {
  EXPECT_THROW(sliding_windows(Numbers{}, 1), DataError);
}

TEST(SlidingWindows, RefuseAWindowOfNothing) {
  EXPECT_ERROR(sliding_windows(Numbers{1, 2}, 0),
               OptionError,
               "sliding_windows: expected a window of 1 or more, got 0. The chapter's is 60.");
}

TEST(WindowTargets, AreTheValuesAfterTheWindows) {
  EXPECT_EQ(window_targets(Numbers{1, 2, 3, 4, 5}, 3), (Numbers{4, 5}));
}

TEST(NaiveForecast, IsTheValueBeforeEachTarget) {
  EXPECT_EQ(naive_forecast(Numbers{1, 2, 3, 4, 5}, 3), (Numbers{3, 4}));
}

TEST(SplitLast, KeepsTheLastValuesForTesting) {
  const auto [train, test] = split_last(Numbers{1, 2, 3, 4, 5}, 2);

  EXPECT_EQ(train, (Numbers{1, 2, 3}));
  EXPECT_EQ(test, (Numbers{4, 5}));
}

TEST(SplitLast, RefusesToLeaveNothingToTrainOn) {
  EXPECT_ERROR(split_last(Numbers{1, 2}, 2),
               DataError,
               "split_last: expected more than 2 values, to train on at least one and test on 2, "
               "got 2. Use more rows, or at least one and fewer test rows.");
}

TEST(SplitLast, RefusesToTestOnNothing) { EXPECT_THROW(split_last(Numbers{1, 2}, 0), DataError); }

TEST(ForecastErrors, AreMeansOverTheRows) {
  const ForecastErrors errors = forecast_errors(Numbers{1, 2, 3, 4}, Numbers{1, 4, 3, 0});

  EXPECT_EQ(errors.mse, 5);
  EXPECT_EQ(errors.rmse, std::sqrt(5));
  EXPECT_EQ(errors.mae, 1.5);
}

TEST(ForecastErrors, RefuseRowsThatDoNotMatch) {
  EXPECT_ERROR(
      forecast_errors(Numbers{1}, Numbers{1, 2}),
      DataError,
      "forecast_errors: expected as many predictions as real values, and at least one, got "
      "1 and 2. Compare the same rows.");
}

TEST(ForecastErrors, RefuseNoRows) {
  EXPECT_THROW(forecast_errors(Numbers{}, Numbers{}), DataError);
}

}  // namespace
}  // namespace engram
