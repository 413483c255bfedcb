// SPDX-License-Identifier: Apache-2.0
/// The equation of EinsumDense with the lengths of its axes. Axes of samples are letters; those of
/// an ellipsis are digits.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "engram/layers/einsum_dense.hpp"
#include "engram/tensor.hpp"

namespace engram {

class EinsumEquation {
 public:
  /// For samples of shape `input`. Errors: OptionError for what is no such equation or does not fit
  /// the options, ShapeError for an input that does not fit the equation.
  EinsumEquation(const EinsumDense& o, const Shape& input, std::string_view where);

  std::string input, kernel, output;  ///< without the batch
  std::string bias;                   ///< its axes in the order of the output

  /// -1: only a batch knows.
  std::int64_t length(char axis) const { return lengths_[static_cast<unsigned char>(axis)]; }

  Shape shape(std::string_view axes) const;

  /// The bias has ones where it is the same along an axis.
  Shape bias_shape() const;

  /// The axes of these that are, or are not, in others: select("abc", {true, "ab"}, {false, "b"}).
  struct Condition {
    bool is_in;
    std::string_view axes;
  };

  static std::string select(std::string_view from, std::initializer_list<Condition> conditions);

  /// Where value `i` of the axes `order`, row-major, lies in an array of the axes `array`. Axes
  /// that the array does not have do not count.
  class Places {
   public:
    Places(const EinsumEquation& equation, std::string_view order, std::string_view array);

    std::int64_t operator()(std::int64_t i) const;

    std::int64_t size() const { return size_of(lengths_); }

   private:
    Shape lengths_, strides_;
  };

 private:
  void read(const EinsumDense& o, std::size_t axes, std::string_view where);
  void take_lengths(const EinsumDense& o, const Shape& shape, std::string_view where);
  void check_axes(const EinsumDense& o, std::string_view where) const;
  void read_bias(const EinsumDense& o, std::string_view where);

  std::array<std::int64_t, 128> lengths_{};
  std::string elided_;  ///< axes of the ellipsis
};

}  // namespace engram
