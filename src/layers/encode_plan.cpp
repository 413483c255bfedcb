// SPDX-License-Identifier: Apache-2.0
#include "layers/encode_plan.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"

namespace engram {

Shape encoded_shape(std::string_view output_mode,
                    std::int64_t depth,
                    const Shape& sample,
                    std::string_view where) {
  if (output_mode == "int") {
    return sample;
  }
  Shape shape = sample;
  if (shape.empty() || output_mode != "one_hot") {  // beyond, Keras disagrees with itself
    require_rank(shape, 1, "(batch, numbers)", where);
  }
  if (output_mode != "one_hot" || shape.back() == 1) {
    shape.pop_back();
  }
  shape.push_back(depth);
  return shape;
}

std::int64_t whole_number(float value, std::string_view where) {
  if (!(std::abs(value) < 0x1p62f)) {
    throw error<DataError>({.where = std::string(where),
                            .expected = "whole numbers",
                            .got = fmt::format("{}", value),
                            .remedy = "Clean or drop such rows."});
  }
  return static_cast<std::int64_t>(value);
}

}  // namespace engram
