// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"
#include "engram/data.hpp"

namespace engram {

namespace {

/// The number of windows, each followed by a value. Errors: OptionError, DataError.
std::size_t window_count(std::size_t size, std::int64_t window) {
  if (window < 1) {
    throw error<OptionError>({.where = "sliding_windows",
                              .expected = "a window of 1 or more",
                              .got = fmt::format("{}", window),
                              .remedy = "The chapter's is 60."});
  }
  if (size <= static_cast<std::uint64_t>(window)) {
    throw error<DataError>({.where = "sliding_windows",
                            .expected = fmt::format("at least {} values for a window of {} and "
                                                    "the value after it",
                                                    static_cast<std::uint64_t>(window) + 1,
                                                    window),
                            .got = fmt::format("{}", size),
                            .remedy = "Use more rows or a shorter window."});
  }
  return size - static_cast<std::size_t>(window);
}

}  // namespace

SeriesSplit split_last(std::span<const double> series, std::int64_t test_rows) {
  const auto size = static_cast<std::int64_t>(series.size());
  if (test_rows < 1 || test_rows >= size) {
    throw error<DataError>(
        {.where = "split_last",
         .expected = fmt::format("more than {} values, to train on at least one and test on {}",
                                 std::max<std::int64_t>(test_rows, 1),
                                 test_rows),
         .got = fmt::format("{}", size),
         .remedy = "Use more rows, or at least one and fewer test rows."});
  }
  const auto train = static_cast<std::size_t>(size - test_rows);
  return {{series.begin(), series.begin() + size - test_rows},
          {series.begin() + static_cast<std::ptrdiff_t>(train), series.end()}};
}

Windows sliding_windows(std::span<const double> series, std::int64_t window) {
  window_count(series.size(), window);
  const Tensor values({static_cast<std::int64_t>(series.size())}, {series.begin(), series.end()});
  const WindowViews views = window_views(values, window);
  return {views.x.tensor(), views.y.tensor()};
}

WindowViews window_views(const Tensor& series, std::int64_t window, std::int64_t target) {
  const std::int64_t size = series.rank() > 0 ? series.shape()[0] : 0;
  const auto count =
      static_cast<std::int64_t>(window_count(static_cast<std::size_t>(size), window));
  const std::int64_t columns = series.size() / size;
  if (target < 0 || target >= columns) {
    throw error<OptionError>({.where = "window_views",
                              .expected = fmt::format("a target column from 0 to {}", columns - 1),
                              .got = fmt::format("{}", target)});
  }
  return {.x = {series.data(), {window, columns}, count, columns},
          .y = {series.data() + window * columns + target, {}, count, columns}};
}

std::vector<double> window_targets(std::span<const double> series, std::int64_t window) {
  const auto targets = series.last(window_count(series.size(), window));
  return {targets.begin(), targets.end()};
}

std::vector<double> naive_forecast(std::span<const double> series, std::int64_t window) {
  const std::size_t count = window_count(series.size(), window);
  const auto before = series.subspan(series.size() - count - 1, count);
  return {before.begin(), before.end()};
}

ForecastErrors forecast_errors(std::span<const double> predicted, std::span<const double> real) {
  if (predicted.empty() || predicted.size() != real.size()) {
    throw error<DataError>({.where = "forecast_errors",
                            .expected = "as many predictions as real values, and at least one",
                            .got = fmt::format("{} and {}", predicted.size(), real.size()),
                            .remedy = "Compare the same rows."});
  }
  double squares = 0;
  double sizes = 0;
  for (std::size_t i = 0; i < real.size(); ++i) {
    const double difference = predicted[i] - real[i];
    squares += difference * difference;
    sizes += std::abs(difference);
  }
  const double count = static_cast<double>(real.size());
  return {.mse = squares / count, .rmse = std::sqrt(squares / count), .mae = sizes / count};
}

}  // namespace engram
