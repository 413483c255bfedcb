// SPDX-License-Identifier: Apache-2.0
/// Ids in signals, which hold float32.
#pragma once

#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"

namespace engram {

/// The id that `value` is. Errors: DataError unless it is a whole number in [0, count).
inline std::int64_t checked_id(float value,
                               std::int64_t count,
                               std::string_view layer,
                               std::uint32_t position) {
  const auto id = static_cast<std::int64_t>(std::isfinite(value) ? value : -1.0f);
  if (id < 0 || id >= count || static_cast<float>(id) != value) {
    throw error<DataError>({.where = fmt::format("{}, layer {}", layer, position),
                            .expected = fmt::format("ids 0 to {}", count - 1),
                            .got = fmt::format("{}", value),
                            .remedy = "Raise input_dim or check the ids."});
  }
  return id;
}

}  // namespace engram
