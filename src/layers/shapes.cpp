// SPDX-License-Identifier: Apache-2.0
#include "layers/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"

namespace engram {

TimeMajor::TimeMajor(const Shape& sample) : steps(sample.size() > 1 ? sample[0] : 1) {
  for (std::size_t i = sample.size() > 1 ? 1 : 0; i < sample.size(); ++i) {
    inner *= sample[i];
  }
}

void require_rank(const Shape& sample,
                  std::size_t rank,
                  std::string_view what,
                  std::string_view where) {
  if (sample.size() != rank) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = fmt::format("input of rank {} {}", rank + 1, what),
                             .got = to_string(sample) + " a sample",
                             .remedy = "Reshape in front of this layer."});
  }
}

std::int64_t known_size(const Shape& sample, std::string_view where) {
  if (std::any_of(sample.begin(), sample.end(), [](auto n) { return n < 0; })) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "input whose lengths are known",
                             .got = to_string(sample) + " a sample",
                             .remedy = "Give all lengths in Input::shape."});
  }
  return size_of(sample);
}

void require_last_axis(std::int64_t axis, const Shape& sample, std::string_view where) {
  const auto last = static_cast<std::int64_t>(sample.size());
  if (sample.empty() || (axis != -1 && axis != last)) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = fmt::format("axis -1 or {}, the last", last),
                             .got = fmt::format("{}", axis),
                             .remedy = "Permute in front of this layer."});
  }
}

void require_last_axis(const Shape& axes, const Shape& sample, std::string_view where) {
  if (axes.size() != 1) {
    throw error<ShapeError>(
        {.where = std::string(where), .expected = "one axis, the last", .got = to_string(axes)});
  }
  require_last_axis(axes[0], sample, where);
}

}  // namespace engram
