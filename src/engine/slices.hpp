// SPDX-License-Identifier: Apache-2.0
/// How a batch is cut into slices, and how a slice's rows come from and go to row-major arrays.
#pragma once

#include <cstdint>
#include <span>

#include <vector>

#include "base/workers.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// What the rows of a slice depend on; never on the number of threads.
struct SliceSizes {
  std::int64_t batch_rows = 0;
  std::int64_t weights = 0;  ///< floats
  std::int64_t flops = 0;    ///< of a batch
  bool is_training = false;
};

std::int64_t slice_rows(const SliceSizes& sizes);

/// Asks for the rows `order` of `from`, so that they are near when they are copied: those of a long
/// series lie anywhere in memory.
void prefetch_rows(const RowsView& from, std::span<const std::int64_t> order);

/// Copies the rows `order` of `from` to `to`, time-major, 0 behind a row's length: a sample (T,
/// ...) goes to (T, order.size(), ...), a sample (D) to (order.size(), D). `sample` is the sample's
/// shape, or another of as many elements.
void gather_time_major(const RowsView& from,
                       const Shape& sample,
                       std::span<const std::int64_t> order,
                       float* to);

/// The mask (T, order.size()) of rows with lengths.
void gather_mask(const RowsView& from, std::span<const std::int64_t> order, std::uint8_t* to);

/// The rows `order` by the lengths of the first view that has some, the longest first; equal ones,
/// and those without lengths, as they are.
std::vector<std::int64_t> longest_first(std::span<const RowsView> x,
                                        std::span<const std::int64_t> order);

/// The inverse of gather_time_major: row i goes to place order[i] of `to`.
void scatter_time_major(const float* from,
                        const Shape& sample,
                        std::span<const std::int64_t> order,
                        float* to);

/// Runs task(0) ... task(tasks - 1), on the calling thread alone when `is_small`.
void each_task(std::int64_t tasks, bool is_small, Workers& workers, const Workers::Task& task);

}  // namespace engram
