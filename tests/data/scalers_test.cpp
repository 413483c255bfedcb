// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "engram/data.hpp"
#include "engram/error.hpp"
#include "expect_error.hpp"

namespace engram {
namespace {

using Numbers = std::vector<double>;

template <class Scaler>
Scaler fitted(const Numbers& series, Scaler scaler = {}) {
  scaler.fit(series);
  return scaler;
}

TEST(MinMaxScaler, MapsTheSeriesToZeroToOne) {
  EXPECT_EQ(fitted<MinMaxScaler>({10, 20, 30}).transform(Numbers{10, 15, 30}),
            (Numbers{0, 0.25, 1}));
}

TEST(MinMaxScaler, MapsToAnotherRange) {
  const auto scaler = fitted<MinMaxScaler>({10, 30}, {.feature_min = -1, .feature_max = 1});

  EXPECT_EQ(scaler.transform(Numbers{10, 15, 30}), (Numbers{-1, -0.5, 1}));
}

TEST(MinMaxScaler, MapsBeyondWhatItWasFittedTo) {
  EXPECT_EQ(fitted<MinMaxScaler>({10, 20}).transform(Numbers{0, 30}), (Numbers{-1, 2}));
}

TEST(MinMaxScaler, InvertsPredictions) {
  const std::vector<float> predicted = {0.0f, 0.25f, 1.5f};

  EXPECT_EQ(fitted<MinMaxScaler>({10, 20, 30}).inverse_transform(predicted), (Numbers{10, 15, 40}));
}

TEST(MinMaxScaler, InvertsPredictionsThatDiverged) {
  const auto inverse = fitted<MinMaxScaler>({10, 20}).inverse_transform(std::vector<float>{NAN});

  EXPECT_TRUE(std::isnan(inverse[0]));
}

TEST(MinMaxScaler, GivesAConstantBack) {
  const auto scaler = fitted<MinMaxScaler>({0.1, 0.1, 0.1});

  EXPECT_EQ(scaler.scale(), 1);
  EXPECT_EQ(scaler.inverse_transform(scaler.transform(Numbers{0.1})), Numbers{0.1});
}

TEST(MinMaxScaler, TakesASeriesOneUlpWideForAConstant) {
  EXPECT_EQ(fitted<MinMaxScaler>({1, std::nextafter(1.0, 2.0)}).scale(), 1);
}

TEST(MinMaxScaler, TakesADenormalRangeForAConstant) {
  EXPECT_EQ(fitted<MinMaxScaler>({0, 5e-324}).scale(), 1);
}

TEST(MinMaxScaler, ScalesARangeOfTenEpsilon) {
  const double range = 10 * std::numeric_limits<double>::epsilon();

  EXPECT_EQ(fitted<MinMaxScaler>({0, range}).scale(), 1 / range);
}

TEST(MinMaxScaler, IsItsFields) {
  const MinMaxScaler scaler{.data_min = 10, .data_max = 30};

  EXPECT_EQ(scaler.transform(Numbers{15}), Numbers{0.25});
}

TEST(MinMaxScaler, MustBeFitted) {
  EXPECT_ERROR(
      MinMaxScaler().transform(Numbers{1}),
      StateError,
      "MinMaxScaler: expected a scaler that knows its series, got one before fit. Call fit "
      "first.");
}

TEST(MinMaxScaler, RefusesAnEmptySeries) {
  EXPECT_ERROR(fitted<MinMaxScaler>({}),
               DataError,
               "MinMaxScaler::fit: expected at least one value, got an empty series. Fit on the "
               "training rows.");
}

TEST(MinMaxScaler, RefusesValuesThatAreNotFinite) {
  EXPECT_ERROR(
      fitted<MinMaxScaler>({1, INFINITY}),
      DataError,
      "MinMaxScaler::fit: expected finite values, got inf at position 1. Fill in the value "
      "or leave its row out.");
}

TEST(MinMaxScaler, RefusesToTransformValuesThatAreNotFinite) {
  EXPECT_THROW(fitted<MinMaxScaler>({1, 2}).transform(Numbers{NAN}), DataError);
}

TEST(MinMaxScaler, RefusesARangeBeyondFloat64) {
  EXPECT_ERROR(fitted<MinMaxScaler>({-1e308, 1e308}),
               DataError,
               "MinMaxScaler::fit: expected values whose spread float64 can hold, got -1e+308 to "
               "1e+308. Divide the series by a constant first.");
}

TEST(MinMaxScaler, RefusesAFeatureRangeThatDoesNotAscend) {
  EXPECT_ERROR(fitted<MinMaxScaler>({1, 2}, {.feature_min = 1, .feature_max = 1}).scale(),
               OptionError,
               "MinMaxScaler: expected feature_min below feature_max, got 1 and 1. The usual range "
               "is 0 to 1.");
}

TEST(StandardScaler, TakesMeanAndDeviationOverN) {
  const auto scaler = fitted<StandardScaler>({2, 4, 4, 4, 5, 5, 7, 9});

  EXPECT_EQ(scaler.mean, 5);
  EXPECT_EQ(scaler.scale, 2);
}

TEST(StandardScaler, Standardizes) {
  const auto scaler = fitted<StandardScaler>({2, 4, 4, 4, 5, 5, 7, 9});

  EXPECT_EQ(scaler.transform(Numbers{2, 5, 9}), (Numbers{-1.5, 0, 2}));
}

TEST(StandardScaler, InvertsPredictions) {
  const auto scaler = fitted<StandardScaler>({2, 4, 4, 4, 5, 5, 7, 9});

  EXPECT_EQ(scaler.inverse_transform(std::vector<float>{-1.5f, 0, 2}), (Numbers{2, 5, 9}));
}

TEST(StandardScaler, GivesAConstantBack) {
  const auto scaler = fitted<StandardScaler>(Numbers(1001, 0.1));  // the mean is not 0.1 to the bit

  EXPECT_EQ(scaler.scale, 1);
  EXPECT_EQ(scaler.inverse_transform(scaler.transform(Numbers{0.1})), Numbers{0.1});
}

TEST(StandardScaler, TakesASeriesOneUlpWideForAConstant) {
  EXPECT_EQ(fitted<StandardScaler>({1, 1, std::nextafter(1.0, 2.0)}).scale, 1);
}

TEST(StandardScaler, KeepsTheDeviationOfALargeMean) {
  EXPECT_EQ(fitted<StandardScaler>({1e9 + 1, 1e9 + 3}).scale, 1);
  EXPECT_EQ(fitted<StandardScaler>({1e9 + 1, 1e9 + 5}).scale, 2);
}

TEST(StandardScaler, HoldsValuesWhoseSquaresOverflow) {
  EXPECT_EQ(fitted<StandardScaler>({-1e300, 1e300}).scale, 1e300);
}

TEST(StandardScaler, HoldsValuesWhoseSquaresVanish) {
  EXPECT_EQ(fitted<StandardScaler>({-1e-300, 1e-300}).scale, 1e-300);
}

TEST(StandardScaler, TakesAllZerosForAConstant) {
  EXPECT_EQ(fitted<StandardScaler>({0, 0}).transform(Numbers{0}), Numbers{0});
}

TEST(StandardScaler, MustBeFitted) {
  EXPECT_THROW(StandardScaler().inverse_transform(Numbers{1}), StateError);
}

TEST(StandardScaler, RefusesValuesThatAreNotFinite) {
  EXPECT_THROW(fitted<StandardScaler>({1, NAN}), DataError);
}

}  // namespace
}  // namespace engram
