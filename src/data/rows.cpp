// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "engram/data.hpp"

namespace engram {

Tensor one_hot(const Tensor& ids, std::int64_t depth) {
  if (depth < 1) {
    throw error<OptionError>({.where = "one_hot",
                              .expected = "a depth of 1 or more",
                              .got = fmt::format("{}", depth),
                              .remedy = "The depth is the number of different ids."});
  }
  Shape shape = ids.shape();
  shape.push_back(depth);
  Tensor out(std::move(shape));
  float* row = out.data();
  for (const float id : ids.values()) {
    if (!(id >= 0 && id < static_cast<float>(depth) && id == std::floor(id))) {
      throw error<DataError>({.where = "one_hot",
                              .expected = fmt::format("integers from 0 to {}", depth - 1),
                              .got = fmt::format("{}", id),
                              .remedy = "Check the ids, or use a greater depth."});
    }
    row[static_cast<std::int64_t>(id)] = 1;
    row += depth;
  }
  return out;
}

/// Source: numpy/random/mtrand.pyx, shuffle; src/distributions/distributions.c, random_interval:
/// each draw is masked to as many bits as the bound has, and repeated while it is beyond it.
std::vector<std::int64_t> NumpyRandom::shuffle_order(std::int64_t n) {
  if (n < 0 || n > std::int64_t{1} << 32) {
    throw error<OptionError>({.where = "NumpyRandom::shuffle_order",
                              .expected = "0 to 2^32 items",
                              .got = fmt::format("{}", n),
                              .remedy = "Shuffle parts."});
  }
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t last = order.size(); last-- > 1;) {
    const std::uint64_t mask = std::bit_ceil(last + 1) - 1;
    std::uint64_t other = generator_() & mask;
    while (other > last) {
      other = generator_() & mask;
    }
    std::swap(order[last], order[other]);
  }
  return order;
}

Tensor take_rows(const Tensor& tensor, std::span<const std::int64_t> order) {
  const std::int64_t rows = tensor.rank() == 0 ? 0 : tensor.shape()[0];
  const std::int64_t width = rows == 0 ? 0 : tensor.size() / rows;
  Shape shape = tensor.rank() == 0 ? Shape{0} : tensor.shape();
  shape[0] = static_cast<std::int64_t>(order.size());
  Tensor out(std::move(shape));
  float* to = out.data();
  for (const std::int64_t row : order) {
    if (row < 0 || row >= rows) {
      throw error<ShapeError>({.where = "take_rows",
                               .expected = "rows inside " + to_string(tensor.shape()),
                               .got = fmt::format("{}", row),
                               .remedy = "Rows count from 0."});
    }
    to = std::copy_n(tensor.data() + row * width, width, to);
  }
  return out;
}

}  // namespace engram
