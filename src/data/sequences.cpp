// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "engram/data.hpp"

namespace engram {

PackedSequences pack_sequences(std::span<const Tensor> sequences) {
  PackedSequences packed;
  Shape shape;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Shape& own = sequences[i].shape();
    const bool fits = i == 0 || (own.size() == shape.size() &&
                                 std::equal(own.begin() + 1, own.end(), shape.begin() + 1));
    if (own.empty() || own[0] < 1 || !fits) {
      throw error<ShapeError>(
          {.where = fmt::format("pack_sequences: sequence {}", i),
           .expected = "one step or more, and steps of one shape in all sequences",
           .got = to_string(own)});
    }
    shape = i == 0 ? own : shape;
    shape[0] = std::max(shape[0], own[0]);
    packed.lengths.push_back(own[0]);
  }
  const std::int64_t size = size_of(shape);
  shape.insert(shape.begin(), static_cast<std::int64_t>(sequences.size()));
  packed.values = Tensor(std::move(shape));
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    std::ranges::copy(sequences[i].values(),
                      packed.values.data() + static_cast<std::int64_t>(i) * size);
  }
  return packed;
}

std::vector<Tensor> unpack_sequences(const Tensor& padded, std::span<const std::int64_t> lengths) {
  const RowsView rows = RowsView(padded).with_lengths(lengths);
  std::vector<Tensor> sequences;
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    Shape shape = rows.sample_shape();
    shape[0] = rows.length(i);
    sequences.emplace_back(std::move(shape));
    std::copy_n(rows.row(i), sequences.back().size(), sequences.back().data());
  }
  return sequences;
}

}  // namespace engram
