// SPDX-License-Identifier: Apache-2.0
#include "engram/tensor.hpp"

#include <fmt/format.h>

#include <numeric>

#include "base/error.hpp"

namespace engram {

std::int64_t size_of(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + (shape[i] < 0 ? std::string("None") : std::to_string(shape[i]));
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

namespace {

void check_axes(const Shape& shape) {
  for (const std::int64_t axis : shape) {
    if (axis < 0) {
      throw error<ShapeError>(
          {.where = "Tensor", .expected = "axes of 0 or more", .got = to_string(shape)});
    }
  }
}

}  // namespace

Tensor::Tensor(Shape shape) : shape_(std::move(shape)) {
  check_axes(shape_);
  values_.resize(static_cast<std::size_t>(size_of(shape_)));
}

Tensor::Tensor(Shape shape, std::vector<float> values)
    : shape_(std::move(shape)), values_(std::move(values)) {
  check_axes(shape_);
  if (size() != size_of(shape_)) {
    throw error<ShapeError>(
        {.where = "Tensor",
         .expected = fmt::format("{} values for shape {}", size_of(shape_), to_string(shape_)),
         .got = fmt::format("{}", size())});
  }
}

std::int64_t Tensor::offset(std::initializer_list<std::int64_t> index) const {
  std::int64_t at = 0;
  std::size_t axis = 0;
  bool inside = index.size() == shape_.size();
  for (const std::int64_t i : index) {
    inside = inside && i >= 0 && i < shape_[axis];
    at = inside ? at * shape_[axis] + i : 0;
    ++axis;
  }
  if (!inside) {
    throw error<ShapeError>({.where = "Tensor::at",
                             .expected = "an index inside " + to_string(shape_),
                             .got = to_string(Shape(index))});
  }
  return at;
}

float& Tensor::at(std::initializer_list<std::int64_t> index) {
  return values_[static_cast<std::size_t>(offset(index))];
}

float Tensor::at(std::initializer_list<std::int64_t> index) const {
  return values_[static_cast<std::size_t>(offset(index))];
}

Tensor Tensor::rows(std::int64_t begin, std::int64_t end) const {
  if (shape_.empty() || begin < 0 || end < begin || end > shape_[0]) {
    throw error<ShapeError>({.where = "Tensor::rows",
                             .expected = "rows inside " + to_string(shape_),
                             .got = fmt::format("[{}, {})", begin, end)});
  }
  const std::int64_t row = shape_[0] == 0 ? 0 : size() / shape_[0];
  Shape shape = shape_;
  shape[0] = end - begin;
  return Tensor(std::move(shape),
                std::vector<float>(values_.begin() + begin * row, values_.begin() + end * row));
}

Tensor Tensor::reshaped(Shape shape) const { return Tensor(std::move(shape), values_); }

}  // namespace engram
