// SPDX-License-Identifier: Apache-2.0
#include "layers/encode_plan.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"
#include "layers/text_reader.hpp"
#include "layers/vocabulary.hpp"

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

Tensor encode_texts(std::span<const std::string> texts,
                    const TextShapes& shapes,
                    const Encoding& encoding,
                    const std::function<std::int64_t(const std::string&)>& id_of,
                    std::string_view where) {
  Shape shape = shapes.encoded;
  shape.insert(shape.begin(), count_samples(texts.size(), shapes.texts, where));
  Tensor out(std::move(shape));
  const bool is_one_hot = encoding.output_mode == "one_hot";
  const auto each = static_cast<std::size_t>(is_one_hot ? 1 : size_of(shapes.texts));
  const std::size_t width = out.values().size() / std::max<std::size_t>(texts.size() / each, 1);
  std::vector<std::int64_t> ids(each);
  for (std::size_t first = 0; first < texts.size(); first += each) {
    std::ranges::transform(texts.subspan(first, each), ids.begin(), id_of);
    const std::span<float> to = out.values().subspan(first / each * width, width);
    if (encoding.output_mode == "int") {
      std::ranges::copy(ids, to.begin());
    } else {
      encode_row(encoding.output_mode, encoding.weights, ids, to);
    }
  }
  return out;
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
