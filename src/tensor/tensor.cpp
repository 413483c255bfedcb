// SPDX-License-Identifier: Apache-2.0
#include "engram/tensor.hpp"

#include <fmt/format.h>

#include <algorithm>
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

namespace {

void check_rows(const Shape& shape, std::int64_t begin, std::int64_t end, const char* where) {
  if (shape.empty() || begin < 0 || begin > end || end > shape[0]) {
    throw error<ShapeError>({.where = where,
                             .expected = "rows inside " + to_string(shape),
                             .got = fmt::format("[{}, {})", begin, end)});
  }
}

}  // namespace

Tensor Tensor::rows(std::int64_t begin, std::int64_t end) const {
  check_rows(shape_, begin, end, "Tensor::rows");
  const std::int64_t row = shape_[0] == 0 ? 0 : size() / shape_[0];
  Shape shape = shape_;
  shape[0] = end - begin;
  return Tensor(std::move(shape),
                std::vector<float>(values_.begin() + begin * row, values_.begin() + end * row));
}

Tensor Tensor::reshaped(Shape shape) const { return Tensor(std::move(shape), values_); }

RowsView::RowsView(const Tensor& tensor)
    : shape_(tensor.shape()),
      data_(tensor.data()),
      sample_size_(rows() > 0 ? tensor.size() / rows() : 0),
      stride_(sample_size_),
      stored_(rows()) {}

RowsView::RowsView(const float* data, const Shape& sample, std::int64_t rows, std::int64_t stride)
    : shape_(sample), data_(data), sample_size_(size_of(sample)), stride_(stride), stored_(rows) {
  shape_.insert(shape_.begin(), rows);
}

RowsView RowsView::rows(std::int64_t begin, std::int64_t end) const {
  check_rows(shape_, begin, end, "RowsView::rows");
  RowsView part = *this;
  part.shape_[0] = end - begin;
  if (order_.empty()) {
    part.data_ += begin * stride_;
    part.stored_ = end - begin;
    if (has_lengths()) {
      part.lengths_ =
          lengths_.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    }
  } else {
    part.order_ =
        order_.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  }
  return part;
}

RowsView RowsView::in_order(std::span<const std::int64_t> order) const {
  for (const std::int64_t row : order) {
    check_rows(shape_, row, row + 1, "RowsView::in_order");
  }
  if (!order_.empty()) {
    throw error<ShapeError>({.where = "RowsView::in_order",
                             .expected = "a view without an order",
                             .got = "one that has an order"});
  }
  RowsView ordered = *this;
  ordered.order_ = order;
  ordered.shape_[0] = static_cast<std::int64_t>(order.size());
  return ordered;
}

RowsView RowsView::with_lengths(std::span<const std::int64_t> lengths) const {
  const auto fail = [](const std::string& expected, const std::string& got) {
    throw error<ShapeError>({.where = "RowsView::with_lengths", .expected = expected, .got = got});
  };
  if (shape_.size() < 2 || !order_.empty() ||
      static_cast<std::int64_t>(lengths.size()) != shape_[0]) {
    fail("a length for each of " + to_string(shape_), std::to_string(lengths.size()));
  }
  for (const std::int64_t length : lengths) {
    if (length < 1 || length > shape_[1]) {
      fail(fmt::format("lengths from 1 to {}", shape_[1]), std::to_string(length));
    }
  }
  RowsView view = *this;
  view.lengths_ = lengths;
  return view;
}

Tensor RowsView::tensor() const {
  Tensor copy(shape_);
  for (std::int64_t i = 0; i < rows(); ++i) {
    std::copy_n(row(i), sample_size_, copy.data() + i * sample_size_);
  }
  return copy;
}

std::span<const float> RowsView::memory() const {
  const std::int64_t size = stored_ > 0 ? (stored_ - 1) * stride_ + sample_size_ : 0;
  return {data_, static_cast<std::size_t>(size)};
}

}  // namespace engram
