// SPDX-License-Identifier: Apache-2.0
#include "engine/slices.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/phases.hpp"

namespace engram {

namespace {

// A training slice of 16 rows keeps a core's products near their peak while its buffers stay close.
// Weights that outgrow a shared cache (8 MB) want more rows for each time they are read, as long as
// the batch still gives two slices; those that outgrow any (16 MB) want them in any case.
constexpr std::int64_t kTrainingRows = 16, kInferenceRows = 32, kLargeRows = 32;
constexpr std::int64_t kLargeWeights = 2'000'000, kLargestWeights = 4'000'000;

// A batch gives an even number of slices when its work pays for waking another thread, and when the
// weights, which each thread reads then, stay in its own cache.
constexpr std::int64_t kLeastRows = 4, kWorthTwo = 5'000'000, kNearWeights = 600'000;

// Each slice of a training batch has gradients of its own; more slices than this gain nothing.
constexpr std::int64_t kMostTrainingSlices = 16;

std::int64_t steps_of(const Shape& sample) { return sample.size() > 1 ? sample[0] : 1; }

}  // namespace

std::int64_t slice_rows(const SliceSizes& sizes) {
  const std::int64_t batch_rows = sizes.batch_rows;
  std::int64_t rows = sizes.is_training ? kTrainingRows : kInferenceRows;
  const std::int64_t large = sizes.weights > kLargestWeights ? 0 : 2 * kLargeRows;
  if (sizes.weights > kLargeWeights && batch_rows >= large) {
    rows = kLargeRows;
  }
  if (sizes.flops >= kWorthTwo && sizes.weights <= kNearWeights) {
    const std::int64_t slices = (batch_rows + rows - 1) / rows;
    const std::int64_t even = (slices + 1) / 2 * 2;
    rows = std::clamp((batch_rows + even - 1) / even, kLeastRows, rows);
  }
  if (sizes.is_training) {
    const std::int64_t least = (batch_rows + kMostTrainingSlices - 1) / kMostTrainingSlices;
    rows = std::max(rows, least > rows ? (least + 7) / 8 * 8 : 0);
  }
  return std::max<std::int64_t>(1, std::min(rows, batch_rows));
}

void prefetch_rows(const RowsView& from, std::span<const std::int64_t> order) {
  constexpr std::int64_t kLine = 64 / sizeof(float);  // floats of a cache line
  const std::int64_t size = std::min(from.sample_size(), 16 * kLine);
  for (const std::int64_t row : order) {
    for (std::int64_t at = 0; at < size; at += kLine) {
      __builtin_prefetch(from.row(row) + at);
    }
  }
}

void gather_time_major(const RowsView& from,
                       const Shape& sample,
                       std::span<const std::int64_t> order,
                       float* to) {
  const PhaseTimer timer(Phase::data);
  const std::int64_t steps = steps_of(sample);
  const std::int64_t inner = size_of(sample) / std::max<std::int64_t>(steps, 1);
  const auto rows = static_cast<std::int64_t>(order.size());
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t sample_row = order[static_cast<std::size_t>(row)];
    const float* source = from.row(sample_row);
    const std::int64_t used = from.has_lengths()
                                  ? from.length(sample_row) * (from.sample_size() / from.shape()[1])
                                  : steps * inner;
    for (std::int64_t t = 0; t < steps; ++t) {
      for (std::int64_t i = 0; i < inner; ++i) {
        to[(t * rows + row) * inner + i] = t * inner + i < used ? source[t * inner + i] : 0.0f;
      }
    }
  }
}

void gather_mask(const RowsView& from, std::span<const std::int64_t> order, std::uint8_t* to) {
  const std::int64_t steps = from.shape()[1];
  const std::size_t rows = order.size();
  for (std::size_t row = 0; row < rows; ++row) {
    const std::int64_t length = from.length(order[row]);
    for (std::int64_t t = 0; t < steps; ++t) {
      to[static_cast<std::size_t>(t) * rows + row] = t < length ? 1 : 0;
    }
  }
}

std::vector<std::int64_t> longest_first(std::span<const RowsView> x,
                                        std::span<const std::int64_t> order) {
  std::vector<std::int64_t> sorted(order.begin(), order.end());
  for (const RowsView& view : x) {
    if (view.has_lengths()) {
      std::ranges::stable_sort(
          sorted, std::ranges::greater(), [&](std::int64_t row) { return view.length(row); });
      break;
    }
  }
  return sorted;
}

void scatter_time_major(const float* from,
                        const Shape& sample,
                        std::span<const std::int64_t> order,
                        float* to) {
  const auto rows = static_cast<std::int64_t>(order.size());
  const std::int64_t steps = steps_of(sample);
  const std::int64_t inner = size_of(sample) / std::max<std::int64_t>(steps, 1);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t t = 0; t < steps; ++t) {
      const std::int64_t place = order[static_cast<std::size_t>(row)] * steps + t;
      std::copy_n(from + (t * rows + row) * inner, inner, to + place * inner);
    }
  }
}

void each_task(std::int64_t tasks, bool is_small, Workers& workers, const Workers::Task& task) {
  if (!is_small) {
    workers.run(tasks, task);
    return;
  }
  for (std::int64_t i = 0; i < tasks; ++i) {
    task(i, 0);
  }
}

}  // namespace engram
