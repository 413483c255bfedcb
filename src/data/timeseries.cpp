// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "engram/data.hpp"
#include "engram/datasets.hpp"

namespace engram {

struct TimeseriesDataset::Content {
  Tensor rows;   ///< the series by phases: every sampling_rate-th row from each first one on
  Shape sample;  ///< of a window
  Tensor targets;
  std::vector<std::int64_t> order, target_order;
};

RowsView TimeseriesDataset::x() const {
  const Content& c = *content_;
  const std::int64_t width = size_of(c.sample) / c.sample[0];
  const std::int64_t starts = c.rows.size() / width - c.sample[0] + 1;
  return RowsView(c.rows.data(), c.sample, starts, width).in_order(c.order);
}

RowsView TimeseriesDataset::y() const {
  const Content& c = *content_;
  return c.targets.empty() ? RowsView() : RowsView(c.targets).in_order(c.target_order);
}

namespace {

std::int64_t rows_of(const Tensor& tensor) { return tensor.rank() > 0 ? tensor.shape()[0] : 0; }

void check(const TimeseriesOptions& o, std::int64_t rows) {
  const auto require =
      [](const char* name, std::int64_t value, std::int64_t low, std::int64_t high) {
        if (value < low || value > high) {
          throw error<OptionError>({.where = "timeseries_dataset_from_array",
                                    .expected = fmt::format("{} in [{}, {}]", name, low, high),
                                    .got = fmt::format("{}", value)});
        }
      };
  require("sequence_length", o.sequence_length, 1, rows);
  require("sequence_stride", o.sequence_stride, 1, rows - 1);
  require("sampling_rate", o.sampling_rate, 1, rows - 1);
  require("start_index", o.start_index.value_or(0), 0, rows - 1);
  if (o.end_index) {
    require("end_index", *o.end_index, o.start_index.value_or(0) + 1, rows - 1);
  }
}

/// Where the row `row` of `rows` lies when every `rate`-th stands beside the one before.
std::int64_t place_by_phase(std::int64_t row, std::int64_t rows, std::int64_t rate) {
  const std::int64_t phase = row % rate, longer = std::min(phase, rows % rate);
  return phase * (rows / rate) + longer + row / rate;
}

/// Where windows start, behind start_index.
std::vector<std::int64_t> starts_of(const TimeseriesOptions& o,
                                    std::int64_t rows,
                                    const Tensor& targets) {
  std::int64_t count = rows - (o.sequence_length - 1) * o.sampling_rate;
  if (!targets.empty()) {
    count = std::min(count, rows_of(targets));
  }
  std::vector<std::int64_t> starts;
  for (std::int64_t start = 0; start < count; start += o.sequence_stride) {
    starts.push_back(start);
  }
  if (starts.empty()) {
    throw error<DataError>({.where = "timeseries_dataset_from_array",
                            .expected = fmt::format("{} rows or more for a window",
                                                    (o.sequence_length - 1) * o.sampling_rate + 1),
                            .got = fmt::format("{}", rows),
                            .remedy = "Use more rows or a shorter window."});
  }
  if (o.shuffle) {
    std::vector<std::int64_t> shuffled;
    for (const std::int64_t i :
         NumpyRandom(o.seed).shuffle_order(static_cast<std::int64_t>(starts.size()))) {
      shuffled.push_back(starts[static_cast<std::size_t>(i)]);
    }
    return shuffled;
  }
  return starts;
}

}  // namespace

TimeseriesDataset timeseries_dataset_from_array(const Tensor& data,
                                                const Tensor& targets,
                                                const TimeseriesOptions& options) {
  check(options, rows_of(data));
  const std::int64_t first = options.start_index.value_or(0);
  const std::int64_t rows = options.end_index.value_or(rows_of(data)) - first;
  const std::int64_t width = data.size() / rows_of(data);
  TimeseriesDataset::Content c;
  c.sample = data.shape();
  c.sample[0] = options.sequence_length;
  Shape shape = data.shape();
  shape[0] = rows;
  c.rows = Tensor(shape);
  for (std::int64_t row = 0; row < rows; ++row) {
    std::copy_n(data.data() + (first + row) * width,
                width,
                c.rows.data() + place_by_phase(row, rows, options.sampling_rate) * width);
  }
  c.targets = targets;
  for (const std::int64_t start : starts_of(options, rows, targets)) {
    c.order.push_back(place_by_phase(start, rows, options.sampling_rate));
    c.target_order.push_back(first + start);
    if (!targets.empty() && first + start >= rows_of(targets)) {
      throw error<DataError>({.where = "timeseries_dataset_from_array",
                              .expected = "a target for each window",
                              .got = fmt::format("none for row {}", first + start)});
    }
  }
  return TimeseriesDataset(std::make_shared<const TimeseriesDataset::Content>(std::move(c)));
}

}  // namespace engram
