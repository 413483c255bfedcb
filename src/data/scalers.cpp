// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "engram/data.hpp"

namespace engram {

namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

void check_series(const char* where, std::span<const double> series) {
  const auto bad = std::ranges::find_if_not(series, [](double x) { return std::isfinite(x); });
  if (bad != series.end()) {
    throw error<DataError>(
        {.where = where,
         .expected = "finite values",
         .got = fmt::format("{} at position {}", *bad, std::distance(series.begin(), bad)),
         .remedy = "Fill in the value or leave its row out."});
  }
}

void check_fit(const char* where, std::span<const double> series) {
  if (series.empty()) {
    throw error<DataError>({.where = where,
                            .expected = "at least one value",
                            .got = "an empty series",
                            .remedy = "Fit on the training rows."});
  }
  check_series(where, series);
}

void check_is_fitted(const char* where, double parameter) {
  if (std::isnan(parameter)) {
    throw error<StateError>({.where = where,
                             .expected = "a scaler that knows its series",
                             .got = "one before fit",
                             .remedy = "Call fit first."});
  }
}

DataError overflow(const char* where, double smallest, double largest) {
  return error<DataError>({.where = where,
                           .expected = "values whose spread float64 can hold",
                           .got = fmt::format("{} to {}", smallest, largest),
                           .remedy = "Divide the series by a constant first."});
}

template <class T, class Map>
std::vector<double> mapped(std::span<const T> values, Map map) {
  std::vector<double> out(values.size());
  std::ranges::transform(values, out.begin(), [&](T x) { return map(static_cast<double>(x)); });
  return out;
}

template <class T>
std::vector<double> unscaled(const MinMaxScaler& scaler, std::span<const T> scaled) {
  const double scale = scaler.scale();
  const double offset = scaler.offset();
  return mapped(scaled, [=](double x) { return (x - offset) / scale; });
}

template <class T>
std::vector<double> unscaled(const StandardScaler& scaler, std::span<const T> scaled) {
  check_is_fitted("StandardScaler::inverse_transform", scaler.mean);
  return mapped(scaled, [&](double x) { return x * scaler.scale + scaler.mean; });
}

}  // namespace

void MinMaxScaler::fit(std::span<const double> series) {
  check_fit("MinMaxScaler::fit", series);
  const auto [smallest, largest] = std::ranges::minmax(series);
  if (!std::isfinite(largest - smallest)) {
    throw overflow("MinMaxScaler::fit", smallest, largest);
  }
  data_min = smallest;
  data_max = largest;
}

double MinMaxScaler::scale() const {
  check_is_fitted("MinMaxScaler", data_min + data_max);
  if (!(feature_min < feature_max)) {
    throw error<OptionError>({.where = "MinMaxScaler",
                              .expected = "feature_min below feature_max",
                              .got = fmt::format("{} and {}", feature_min, feature_max),
                              .remedy = "The usual range is 0 to 1."});
  }
  const double range = data_max - data_min;
  return (feature_max - feature_min) / (range < 10 * kEpsilon ? 1.0 : range);
}

double MinMaxScaler::offset() const { return feature_min - data_min * scale(); }

std::vector<double> MinMaxScaler::transform(std::span<const double> series) const {
  check_series("MinMaxScaler::transform", series);
  return mapped(series, [a = scale(), b = offset()](double x) { return x * a + b; });
}

std::vector<double> MinMaxScaler::inverse_transform(std::span<const double> scaled) const {
  return unscaled(*this, scaled);
}

std::vector<double> MinMaxScaler::inverse_transform(std::span<const float> scaled) const {
  return unscaled(*this, scaled);
}

void StandardScaler::fit(std::span<const double> series) {
  check_fit("StandardScaler::fit", series);
  // Two passes over values scaled by a power of two, which is exact: squares cannot overflow.
  const double count = static_cast<double>(series.size());
  const auto [smallest, largest] = std::ranges::minmax(series);
  int exponent = 0;
  std::frexp(std::max(std::abs(smallest), std::abs(largest)), &exponent);
  double sum = 0;
  for (const double x : series) {
    sum += std::ldexp(x, -exponent);
  }
  const double small_mean = sum / count;
  double squares = 0;
  double rest = 0;  // of rounding in the mean
  for (const double x : series) {
    const double difference = std::ldexp(x, -exponent) - small_mean;
    squares += difference * difference;
    rest += difference;
  }
  const double variance = (squares - rest * rest / count) / count;
  const double noise = count * small_mean * kEpsilon;
  const bool is_constant = variance <= count * kEpsilon * variance + noise * noise;
  mean = std::ldexp(small_mean, exponent);
  scale = is_constant ? 1.0 : std::ldexp(std::sqrt(variance), exponent);
}

std::vector<double> StandardScaler::transform(std::span<const double> series) const {
  check_is_fitted("StandardScaler::transform", mean);
  check_series("StandardScaler::transform", series);
  return mapped(series, [this](double x) { return (x - mean) / scale; });
}

std::vector<double> StandardScaler::inverse_transform(std::span<const double> scaled) const {
  return unscaled(*this, scaled);
}

std::vector<double> StandardScaler::inverse_transform(std::span<const float> scaled) const {
  return unscaled(*this, scaled);
}

}  // namespace engram
