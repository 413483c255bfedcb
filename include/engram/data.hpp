// SPDX-License-Identifier: Apache-2.0
/// From a file of prices to what a model trains on, and from predictions to errors.
///
/// Example: const CsvTable table = read_csv("prices.csv");
///          const auto [train, test] = split_last(table.column("open"), 300);
///          MinMaxScaler scaler;
///          scaler.fit(train);
///          const auto [x, y] = sliding_windows(scaler.transform(train), 60);
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engram/tensor.hpp"

namespace engram {

struct CsvOptions {
  bool header = true;     ///< false: the first line holds values; columns are called 0, 1, 2, ...
  char delimiter = '\0';  ///< '\0': found in the first line, one of comma, semicolon and tab
  bool sort = false;      ///< bring the rows into the order of their dates, oldest first
};

/// A table of daily bars or of any other numbers, read from CSV. Rows keep the order of the file.
///
/// Columns are found by name. Where none is called exactly so, case does not matter, and open,
/// close, high, low, volume and date go by their Chinese and their data services' names too; last,
/// digits are a position from 0 (the unnamed first column that pandas writes counts).
/// The date column must ascend where its dates begin with the year; else dates are labels only.
/// Errors: IoError when the file cannot be read; DataError, naming file, line and field, for
///         anything that is not a clean table: nothing is skipped, filled in or repaired.
/// Example: read_csv("prices.csv").column("open")
class CsvTable {
 public:
  const std::vector<std::string>& names() const;
  std::int64_t rows() const;  ///< without the header
  std::int64_t columns() const;
  const std::string& encoding() const;  ///< of the file: UTF-8 or GB18030

  /// Errors: DataError listing the columns and the nearest name, or when two columns may be meant.
  std::int64_t position(std::string_view name) const;
  bool has_column(std::string_view name) const;

  /// The numbers of a column. Errors: DataError at the first that is missing, no number, not
  /// finite.
  std::vector<double> column(std::string_view name) const;
  std::vector<double> column(std::int64_t position) const;

  /// A column as it stands in the file, such as dates, or codes with their leading zeros.
  std::vector<std::string> text_column(std::string_view name) const;
  std::vector<std::string> text_column(std::int64_t position) const;

 private:
  struct Content;
  friend struct CsvTableBuilder;

  explicit CsvTable(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

  std::size_t checked(std::int64_t position) const;

  std::shared_ptr<const Content> content_;
};

/// Reads a table from a file; see CsvTable for its rules.
CsvTable read_csv(const std::string& path, const CsvOptions& options = {});

/// The same for text in memory; `name` stands for the file in messages.
CsvTable parse_csv(std::string_view text, const std::string& name, const CsvOptions& options = {});

/// Reads an .npy array of floats, integers or bool, little-endian and in C order, as float32.
/// Errors: IoError; DataError for a damaged file, another type, integers beyond 2^24.
Tensor load_npy(const std::string& path);

/// Writes an .npy array of float32; the file is the old one or the new one at every moment.
void save_npy(const std::string& path, const Tensor& tensor);

/// Maps the smallest and largest value of fit to the ends of the feature range, as scikit-learn:
/// x' = x * scale() + offset(). A series narrower than 10 epsilon has scale (max - min) of the
/// feature range, so that its inverse gives the constant back. The four fields are the whole state.
/// Errors: OptionError for a feature range that does not ascend; StateError before fit; DataError
///         for an empty series, values that are not finite, and a range beyond float64.
/// Source: scikit-learn 1.5, preprocessing/_data.py, MinMaxScaler and _handle_zeros_in_scale.
struct MinMaxScaler {
  double feature_min = 0;
  double feature_max = 1;
  double data_min = std::numeric_limits<double>::quiet_NaN();  ///< NaN before fit
  double data_max = std::numeric_limits<double>::quiet_NaN();

  void fit(std::span<const double> series);
  std::vector<double> transform(std::span<const double> series) const;
  /// Values that are not finite stay so, as diverged predictions do.
  std::vector<double> inverse_transform(std::span<const double> scaled) const;
  std::vector<double> inverse_transform(std::span<const float> scaled) const;

  double scale() const;
  double offset() const;
};

/// Subtracts the mean of fit and divides by its standard deviation (over n), as scikit-learn.
/// A series constant to rounding has scale 1. The two fields are the whole state.
/// Errors: as MinMaxScaler.
/// Source: scikit-learn 1.5, preprocessing/_data.py, StandardScaler and _is_constant_feature.
struct StandardScaler {
  double mean = std::numeric_limits<double>::quiet_NaN();  ///< NaN before fit
  double scale = std::numeric_limits<double>::quiet_NaN();

  void fit(std::span<const double> series);
  std::vector<double> transform(std::span<const double> series) const;
  std::vector<double> inverse_transform(std::span<const double> scaled) const;
  std::vector<double> inverse_transform(std::span<const float> scaled) const;
};

struct SeriesSplit {
  std::vector<double> train;
  std::vector<double> test;
};

/// All but the last `test_rows` values to train on, and those to test.
/// Errors: DataError unless both parts have at least one value.
SeriesSplit split_last(std::span<const double> series, std::int64_t test_rows);

struct Windows {
  Tensor x;  ///< (N, window, 1)
  Tensor y;  ///< (N,)
};

/// Every `window` values in a row and the value after them: x[i] = series[i .. i + window - 1],
/// y[i] = series[i + window], for N = size - window.
/// Errors: OptionError when window < 1; DataError when the series has no more than window values.
Windows sliding_windows(std::span<const double> series, std::int64_t window);

struct WindowViews {
  RowsView x;  ///< (N - window, window, D)
  RowsView y;  ///< (N - window,)
};

/// The windows of `series` (N,) or (N, D), and the value of column `target` after each, where they
/// lie: memory for N rows, not for N windows. `series` must outlive them.
/// Errors: as sliding_windows; OptionError for a column that is not there.
WindowViews window_views(const Tensor& series, std::int64_t window, std::int64_t target = 0);

/// What sliding_windows' y would be, in the series' own units and float64.
std::vector<double> window_targets(std::span<const double> series, std::int64_t window);

/// The naive forecast of each of sliding_windows' y: the value before it.
std::vector<double> naive_forecast(std::span<const double> series, std::int64_t window);

/// Ids 0 to depth - 1 to rows with a single 1: shape (..., depth).
/// Errors: OptionError when depth < 1; DataError for an id that is no integer or outside.
Tensor one_hot(const Tensor& ids, std::int64_t depth);

/// The random numbers of numpy.random.seed(s), the Mersenne Twister with its first seeding.
class NumpyRandom {
 public:
  explicit NumpyRandom(std::uint32_t seed) : generator_(seed) {}

  /// Where numpy.random.shuffle takes each item from: after it, item i is the old item order[i].
  /// Errors: OptionError when n is negative or beyond 2^32.
  /// Example: take_rows(x, NumpyRandom(7).shuffle_order(22))  // 1 5 2 21 19 12 11 0 20 ...
  std::vector<std::int64_t> shuffle_order(std::int64_t n);

 private:
  std::mt19937 generator_;
};

/// The rows `order` of the first axis, in that order. Errors: ShapeError for a row outside.
Tensor take_rows(const Tensor& tensor, std::span<const std::int64_t> order);

/// Sequences of different lengths, padded with zeros to one length. A model masks what lies behind
/// a sequence's end: the result is that of each sequence alone, backwards too.
///
/// Example: const PackedSequences x = pack_sequences(sequences);
///          model.fit(x, y);  std::vector<Tensor> each = unpack_sequences(model.predict(x),
///          x.lengths);
struct PackedSequences {
  Tensor values;                      ///< (N, longest, ...)
  std::vector<std::int64_t> lengths;  ///< of each, from 1

  /// A view: the sequences must outlive it.
  operator RowsView() const { return RowsView(values).with_lengths(lengths); }
};

/// `sequences` of shapes (T, ...), which differ in T only. Errors: ShapeError.
PackedSequences pack_sequences(std::span<const Tensor> sequences);

/// The first lengths[i] steps of each row of `padded` (N, T, ...). Errors: ShapeError.
std::vector<Tensor> unpack_sequences(const Tensor& padded, std::span<const std::int64_t> lengths);

/// How far predictions are from what came: mean squared, root mean squared and mean absolute error.
struct ForecastErrors {
  double mse = 0;
  double rmse = 0;
  double mae = 0;
};

/// Errors: DataError when the two are empty or differ in length.
ForecastErrors forecast_errors(std::span<const double> predicted, std::span<const double> real);

}  // namespace engram
