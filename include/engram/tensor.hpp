// SPDX-License-Identifier: Apache-2.0
/// Arrays of float32 with a shape, held by value, row-major.
///
/// Example: Tensor x({2, 3, 1});  x.at({1, 2, 0}) = 0.5f;
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace engram {

/// Sizes of the axes, outermost first. A batch axis, where there is one, comes first.
using Shape = std::vector<std::int64_t>;

/// The number of elements; 1 for an empty shape.
std::int64_t size_of(const Shape& shape);

/// "(32, 60, 1)"; -1 prints as None.
std::string to_string(const Shape& shape);

/// A dense float32 array. Integers (letter ids, class numbers) are held as floats, exact to 2^24.
class Tensor {
 public:
  Tensor() : shape_{0} {}

  /// Zeros of `shape`. Errors: ShapeError when an axis is negative.
  explicit Tensor(Shape shape);

  /// `values` in row-major order. Errors: ShapeError when their number is not the shape's.
  Tensor(Shape shape, std::vector<float> values);

  const Shape& shape() const { return shape_; }

  std::int64_t rank() const { return static_cast<std::int64_t>(shape_.size()); }

  std::int64_t size() const { return static_cast<std::int64_t>(values_.size()); }

  bool empty() const { return values_.empty(); }

  float* data() { return values_.data(); }

  const float* data() const { return values_.data(); }

  std::span<float> values() { return values_; }

  std::span<const float> values() const { return values_; }

  /// One element. Errors: ShapeError when `index` is outside.
  float& at(std::initializer_list<std::int64_t> index);
  float at(std::initializer_list<std::int64_t> index) const;

  /// The rows [begin, end) of the first axis, copied. Errors: ShapeError when outside.
  Tensor rows(std::int64_t begin, std::int64_t end) const;

  /// The same values in another shape. Errors: ShapeError when the number of elements differs.
  Tensor reshaped(Shape shape) const;

  bool operator==(const Tensor&) const = default;

 private:
  std::int64_t offset(std::initializer_list<std::int64_t> index) const;

  Shape shape_;
  std::vector<float> values_;
};

/// Samples of one shape in memory that is somebody else's: the rows of a tensor, or windows of a
/// series, which overlap. A view: tensor, series and order must outlive it.
///
/// Example: model.fit(RowsView(series, {60, 1}, n - 60, 1), RowsView(series + 60, {}, n - 60, 1));
class RowsView {
 public:
  RowsView() : RowsView(nullptr, {}, 0, 0) {}

  /// The rows of the first axis.
  RowsView(const Tensor& tensor);

  /// `rows` samples of the shape `sample`, each `stride` floats after the one before.
  RowsView(const float* data, const Shape& sample, std::int64_t rows, std::int64_t stride);

  /// Rows first, then a sample's axes; empty for a tensor without axes.
  const Shape& shape() const { return shape_; }

  std::int64_t rows() const { return shape_.empty() ? 0 : shape_[0]; }

  Shape sample_shape() const {
    return shape_.empty() ? shape_ : Shape(shape_.begin() + 1, shape_.end());
  }

  std::int64_t sample_size() const { return sample_size_; }

  bool empty() const { return rows() * sample_size_ == 0; }

  const float* row(std::int64_t i) const { return data_ + stored_row(i) * stride_; }

  /// The rows [begin, end). Errors: ShapeError when outside.
  RowsView rows(std::int64_t begin, std::int64_t end) const;

  /// The rows `order`, in that order. Errors: ShapeError for a row outside.
  RowsView in_order(std::span<const std::int64_t> order) const;

  /// The same samples, of each of which only the first steps count: lengths[i] (1 to the size of
  /// the first axis of a sample) of row i. A model masks the others; zeros are read there. Errors:
  /// ShapeError for another number of lengths, one out of range, or a view with an order.
  RowsView with_lengths(std::span<const std::int64_t> lengths) const;

  bool has_lengths() const { return !lengths_.empty(); }

  /// The steps of row i that count.
  std::int64_t length(std::int64_t i) const {
    return has_lengths() ? lengths_[static_cast<std::size_t>(stored_row(i))] : shape_[1];
  }

  /// The samples, copied.
  Tensor tensor() const;

  /// All memory that may belong to a sample, for checks.
  std::span<const float> memory() const;

 private:
  std::int64_t stored_row(std::int64_t i) const {
    return order_.empty() ? i : order_[static_cast<std::size_t>(i)];
  }

  Shape shape_;
  const float* data_;
  std::int64_t sample_size_;
  std::int64_t stride_;
  std::int64_t stored_ = 0;                        ///< rows in memory, of which `order_` takes some
  std::span<const std::int64_t> order_, lengths_;  ///< both empty: none; lengths of stored rows
};

}  // namespace engram
