// SPDX-License-Identifier: Apache-2.0
/// Shapes of samples: what layers ask of them, and where their values lie.
#pragma once

#include <string_view>

#include "engram/tensor.hpp"

namespace engram {

/// The places of a sample's values in a signal of `rows` rows: (T, ...) lies as (T, rows, ...).
struct TimeMajor {
  std::int64_t steps = 1, inner = 1;

  explicit TimeMajor(const Shape& sample);

  std::int64_t size() const { return steps * inner; }

  /// Of value `i` (row-major in the sample) of `row`.
  std::int64_t at(std::int64_t i, std::int64_t row, std::int64_t rows) const {
    return (i / inner * rows + row) * inner + i % inner;
  }
};

/// Errors: ShapeError unless the sample has `rank` axes, of which `what` is the text, such as
/// "(batch, time, features)".
void require_rank(const Shape& sample,
                  std::size_t rank,
                  std::string_view what,
                  std::string_view where);

/// Errors: ShapeError when a length is not known. Returns the number of values.
std::int64_t known_size(const Shape& sample, std::string_view where);

/// Errors: ShapeError unless `axis` (of a batch; negative ones count from the end) is the last.
void require_last_axis(std::int64_t axis, const Shape& sample, std::string_view where);

/// The same for a list of axes.
void require_last_axis(const Shape& axes, const Shape& sample, std::string_view where);

}  // namespace engram
