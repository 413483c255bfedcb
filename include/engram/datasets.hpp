// SPDX-License-Identifier: Apache-2.0
/// Keras's helpers between data and a model: windows of a series, sequences of one length, class
/// vectors, parts.
///
/// Example: const TimeseriesDataset windows = timeseries_dataset_from_array(
///              series, targets, {.sequence_length = 10, .sampling_rate = 6});
///          model.fit(windows.x(), windows.y());
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engram/tensor.hpp"

namespace engram {

struct TimeseriesOptions {
  std::int64_t sequence_length = 0;
  std::int64_t sequence_stride = 1;  ///< from the start of a window to that of the next
  std::int64_t sampling_rate = 1;    ///< from a step of a window to the next
  bool shuffle = false;              ///< the windows, as numpy.random.RandomState(seed)
  std::uint32_t seed = 0;
  std::optional<std::int64_t> start_index = {};  ///< rows before it are not used
  std::optional<std::int64_t> end_index = {};    ///< nor this one and those behind it
};

/// Windows of a series and the target that goes with each, where they lie: memory for the rows of
/// the series once, not for windows.
class TimeseriesDataset {
 public:
  RowsView x() const;  ///< (windows, sequence_length, D)
  RowsView y() const;  ///< (windows, ...); empty without targets

 private:
  friend TimeseriesDataset timeseries_dataset_from_array(const Tensor&,
                                                         const Tensor&,
                                                         const TimeseriesOptions&);
  struct Content;

  explicit TimeseriesDataset(std::shared_ptr<const Content> content)
      : content_(std::move(content)) {}

  std::shared_ptr<const Content> content_;
};

/// Window i takes the rows s, s + sampling_rate, ... of data (N, ...) from s = start_index +
/// i sequence_stride on; its target is targets[s], of the row in which it begins: shift the targets
/// to forecast. Empty targets: none. Batches are fit's business.
/// Errors: OptionError for options out of range; DataError when no window fits.
/// Source: keras/src/utils/timeseries_dataset_utils.py, Keras 3.15.
TimeseriesDataset timeseries_dataset_from_array(const Tensor& data,
                                                const Tensor& targets,
                                                const TimeseriesOptions& options);

struct PadOptions {
  std::optional<std::int64_t> maxlen = {};  ///< none: the longest sequence's length
  std::string padding = "pre";              ///< where values are added: "pre" or "post"
  std::string truncating = "pre";           ///< where too many are taken off
  float value = 0;
};

/// Sequences of one length: (N, maxlen) of numbers; of tensors (T, ...) with different T (N,
/// maxlen,
/// ...). Errors: OptionError; ShapeError when steps have different shapes.
Tensor pad_sequences(std::span<const std::vector<float>> sequences, const PadOptions& options = {});
Tensor pad_sequences(std::span<const Tensor> sequences, const PadOptions& options = {});

/// Class numbers to rows with a single 1, as one_hot, without a last axis of 1; classes of 0: one
/// more than the greatest number. Errors: as one_hot.
Tensor to_categorical(const Tensor& x, std::int64_t num_classes = 0);

/// x over its norm along an axis: (Σ|x|^order)^(1/order), for order infinity max|x|; where that is
/// 0, x itself. Errors: OptionError for an order below 1; ShapeError for an axis that is not there.
Tensor normalize(const Tensor& x, std::int64_t axis = -1, double order = 2);

/// Below 1 a share, from 1 on a number of rows.
struct SplitOptions {
  std::optional<double> left_size = {};   ///< none: what right_size leaves
  std::optional<double> right_size = {};  ///< none: what left_size leaves
};

struct SplitRows {
  RowsView left, right;
};

/// The first rows and the last ones of x, which must outlive them. Halves are rounded to even, as
/// Python's round does; to shuffle, take_rows first.
/// Errors: OptionError for sizes out of range, more than all, or of an empty part.
/// Example: const auto [train, test] = split_dataset(x, {.left_size = 0.8});
SplitRows split_dataset(const Tensor& x, const SplitOptions& options);

/// The lines of a text file, without their ends ("\n" or "\r\n") and a byte order mark: one text a
/// line, for a model of texts. Errors: IoError; DataError beyond 1 GiB.
std::vector<std::string> read_lines(const std::string& path);

}  // namespace engram
