// SPDX-License-Identifier: Apache-2.0
#include "layers/einsum_equation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"

namespace engram {

namespace {

constexpr std::string_view kDots = "...";

bool has(std::string_view axes, char axis) { return axes.find(axis) != std::string_view::npos; }

/// What an equation says before it meets an input.
struct Sides {
  std::string_view input, kernel, output;
  bool has_first = false, has_last = false;  ///< an ellipsis in front, at the end
};

[[noreturn]] void refuse(const EinsumDense& o, std::string_view where, std::string expected) {
  throw error<OptionError>(
      {.where = std::string(where), .expected = std::move(expected), .got = in_quotes(o.equation)});
}

/// Letters, each once.
bool is_side(std::string_view axes) {
  return !axes.empty() && std::ranges::all_of(axes, [&](char c) {
    return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) && std::ranges::count(axes, c) == 1;
  });
}

Sides sides_of(const EinsumDense& o, std::string_view where) {
  const std::string_view text = o.equation;
  const std::size_t comma = text.find(','), arrow = text.find("->");
  Sides s;
  if (comma < arrow && arrow != std::string_view::npos) {
    s = {.input = text.substr(0, comma),
         .kernel = text.substr(comma + 1, arrow - comma - 1),
         .output = text.substr(arrow + 2)};
  }
  if (s.input.starts_with(kDots) && s.output.starts_with(kDots)) {
    s.has_first = true;
    s.input.remove_prefix(kDots.size());
    s.output.remove_prefix(kDots.size());
  } else if (s.input.ends_with(kDots) && s.output.ends_with(kDots)) {
    s.has_last = s.input.size() > kDots.size() + 1;  // Keras wants two letters before it
    s.input.remove_suffix(s.has_last ? kDots.size() : 0);
    s.output.remove_suffix(kDots.size());
  }
  if (!is_side(s.input) || !is_side(s.kernel) || !is_side(s.output)) {
    refuse(o,
           where,
           "an equation of the form [X],[Y]->[Z], ...[X],[Y]->...[Z] or [X]...,[Y]->[Z]... of "
           "letters, each once on a side");
  }
  return s;
}

}  // namespace

EinsumEquation::EinsumEquation(const EinsumDense& o, const Shape& shape, std::string_view where) {
  read(o, shape.size() + 1, where);
  take_lengths(o, shape, where);
  check_axes(o, where);
  read_bias(o, where);
}

/// Names the axes of samples, `axes` of them with the batch.
void EinsumEquation::read(const EinsumDense& o, std::size_t axes, std::string_view where) {
  const Sides s = sides_of(o, where);
  const bool is_open = s.has_first || s.has_last;
  if (axes < s.input.size() || (axes > s.input.size() && !is_open) ||
      axes > s.input.size() + std::string_view("0123456789").size()) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = fmt::format("input of rank {}{} for {}",
                                                     s.input.size(),
                                                     is_open ? " or more" : "",
                                                     in_quotes(o.equation)),
                             .got = fmt::format("rank {}", axes)});
  }
  elided_ = std::string("0123456789").substr(0, axes - s.input.size());
  const auto with_elided = [&](std::string_view side) {
    return s.has_first ? elided_ + std::string(side) : std::string(side) + elided_;
  };
  input = with_elided(s.input);
  kernel = s.kernel;
  output = with_elided(s.output);
  if (input[0] != output[0] || has(kernel, input[0])) {
    refuse(o, where, "an equation whose first axis is the batch in input and result only");
  }
  elided_ = select(elided_, {{false, input.substr(0, 1)}});
  input.erase(0, 1);
  output.erase(0, 1);
}

void EinsumEquation::take_lengths(const EinsumDense& o,
                                  const Shape& shape,
                                  std::string_view where) {
  for (std::size_t i = 0; i < input.size(); ++i) {
    lengths_[static_cast<unsigned char>(input[i])] = shape[i];
  }
  const std::string named = select(output, {{false, elided_}});
  if (named.size() != o.output_shape.size()) {
    throw error<OptionError>(
        {.where = std::string(where),
         .expected = fmt::format("an output_shape of {} lengths for {}, without the batch{}",
                                 named.size(),
                                 in_quotes(o.equation),
                                 elided_.empty() ? "" : " and the ellipsis"),
         .got = to_string(o.output_shape)});
  }
  for (std::size_t i = 0; i < named.size(); ++i) {
    const std::int64_t given = o.output_shape[i];
    const bool is_weighed = has(kernel, named[i]) || (o.bias_axes && has(*o.bias_axes, named[i]));
    if (given < 1 && (given != -1 || is_weighed)) {
      throw error<OptionError>(
          {.where = std::string(where),
           .expected = fmt::format("a length of '{}' in output_shape", named[i]),
           .got = to_string(o.output_shape),
           .remedy = "Axes of the kernel and the bias need one."});
    }
    std::int64_t& length = lengths_[static_cast<unsigned char>(named[i])];
    if (has(input, named[i]) && given != -1 && given != length) {
      throw error<ShapeError>(
          {.where = std::string(where),
           .expected = fmt::format(
               "input of length {} along '{}' of {}", given, named[i], in_quotes(o.equation)),
           .got = to_string(shape) + " a sample"});
    }
    length = has(input, named[i]) ? length : given;
  }
}

void EinsumEquation::check_axes(const EinsumDense& o, std::string_view where) const {
  for (const char axis : output) {
    if (!has(input, axis) && !has(kernel, axis)) {
      refuse(o, where, "an equation whose result has axes of the input and the kernel only");
    }
  }
  for (const char axis : kernel) {
    if (!has(input, axis) && !has(output, axis)) {
      refuse(o, where, "an equation whose kernel has axes of the input and the result only");
    }
  }
  double size = 1;
  for (const char axis : kernel) {
    size *= static_cast<double>(length(axis));
  }
  if (size > 0x1p40) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "at most 2^40 values in one piece",
                             .got = to_string(shape(kernel))});
  }
}

void EinsumEquation::read_bias(const EinsumDense& o, std::string_view where) {
  if (!o.bias_axes) {
    return;
  }
  bias = select(output, {{true, *o.bias_axes}, {false, elided_}});
  if (bias.empty() || bias.size() != o.bias_axes->size()) {
    throw error<OptionError>(
        {.where = std::string(where),
         .expected = fmt::format("bias_axes of the result's letters, each once, in {}",
                                 in_quotes(o.equation)),
         .got = in_quotes(*o.bias_axes)});
  }
}

Shape EinsumEquation::shape(std::string_view axes) const {
  Shape shape;
  std::ranges::transform(axes, std::back_inserter(shape), [&](char c) { return length(c); });
  return shape;
}

Shape EinsumEquation::bias_shape() const {
  Shape shape;
  for (const char axis : output.substr(output.find(bias[0]))) {
    shape.push_back(has(bias, axis) ? length(axis) : 1);
  }
  return shape;
}

std::string EinsumEquation::select(std::string_view from,
                                   std::initializer_list<Condition> conditions) {
  std::string chosen;
  std::ranges::copy_if(from, std::back_inserter(chosen), [&](char axis) {
    return std::ranges::all_of(conditions,
                               [&](const Condition& c) { return has(c.axes, axis) == c.is_in; });
  });
  return chosen;
}

EinsumEquation::Places::Places(const EinsumEquation& equation,
                               std::string_view order,
                               std::string_view array)
    : lengths_(equation.shape(order)) {
  for (const char axis : order) {
    const bool is_there = has(array, axis);
    const std::size_t behind = is_there ? array.find(axis) + 1 : 0;
    strides_.push_back(is_there ? size_of(equation.shape(array.substr(behind))) : 0);
  }
}

std::int64_t EinsumEquation::Places::operator()(std::int64_t i) const {
  std::int64_t place = 0;
  for (std::size_t axis = lengths_.size(); axis-- > 0; i /= lengths_[axis]) {
    place += i % lengths_[axis] * strides_[axis];
  }
  return place;
}

}  // namespace engram
