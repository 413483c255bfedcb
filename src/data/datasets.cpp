// SPDX-License-Identifier: Apache-2.0
#include "engram/datasets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "engram/data.hpp"
#include "formats/bounds.hpp"
#include "formats/files.hpp"

namespace engram {

namespace {

std::int64_t rows_of(const Tensor& tensor) { return tensor.rank() > 0 ? tensor.shape()[0] : 0; }

[[noreturn]] void fail(const char* where,
                       const std::string& expected,
                       const std::string& got,
                       const std::string& remedy = "") {
  throw error<OptionError>({.where = where, .expected = expected, .got = got, .remedy = remedy});
}

void check(const PadOptions& o) {
  for (const auto& [name, value] :
       {std::pair("padding", o.padding), {"truncating", o.truncating}}) {
    if (value != "pre" && value != "post") {
      fail("pad_sequences", fmt::format("{} 'pre' or 'post'", name), in_quotes(value));
    }
  }
  if (o.maxlen && *o.maxlen < 1) {
    fail("pad_sequences", "maxlen of 1 or more", fmt::format("{}", *o.maxlen));
  }
}

}  // namespace

Tensor pad_sequences(std::span<const std::vector<float>> sequences, const PadOptions& options) {
  std::vector<Tensor> tensors;
  for (const std::vector<float>& sequence : sequences) {
    tensors.emplace_back(Shape{static_cast<std::int64_t>(sequence.size())}, sequence);
  }
  return pad_sequences(tensors, options);
}

Tensor pad_sequences(std::span<const Tensor> sequences, const PadOptions& options) {
  check(options);
  Shape step;  // of the first sequence that has any
  std::int64_t longest = 0;
  bool is_known = false;
  for (const Tensor& sequence : sequences) {
    longest = std::max(longest, rows_of(sequence));
    if (sequence.empty()) {
      continue;
    }
    const Shape own(sequence.shape().begin() + (sequence.rank() > 0 ? 1 : 0),
                    sequence.shape().end());
    if (is_known && own != step) {
      throw error<ShapeError>({.where = "pad_sequences",
                               .expected = "steps of shape " + to_string(step),
                               .got = to_string(own)});
    }
    step = own;
    is_known = true;
  }
  const std::int64_t length = options.maxlen.value_or(longest), width = size_of(step);
  Shape shape = {static_cast<std::int64_t>(sequences.size()), length};
  shape.insert(shape.end(), step.begin(), step.end());
  Tensor out(shape);
  std::ranges::fill(out.values(), options.value);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const std::int64_t all = rows_of(sequences[i]), kept = std::min(all, length);
    const std::int64_t from = options.truncating == "pre" ? all - kept : 0;
    const std::int64_t to = options.padding == "pre" ? length - kept : 0;
    if (kept > 0 && !sequences[i].empty()) {
      std::copy_n(sequences[i].data() + from * width,
                  kept * width,
                  out.data() + (static_cast<std::int64_t>(i) * length + to) * width);
    }
  }
  return out;
}

Tensor to_categorical(const Tensor& x, std::int64_t num_classes) {
  Shape shape = x.shape();
  if (shape.size() > 1 && shape.back() == 1) {
    shape.pop_back();
  }
  Tensor ids(shape, {x.values().begin(), x.values().end()});
  float greatest = -1;
  for (float& id : ids.values()) {
    id = std::trunc(id);
    greatest = std::max(greatest, id);
  }
  return one_hot(ids, num_classes > 0 ? num_classes : static_cast<std::int64_t>(greatest) + 1);
}

Tensor normalize(const Tensor& x, std::int64_t axis, double order) {
  if (!(order >= 1)) {
    fail("normalize", "an order of 1 or more", fmt::format("{}", order));
  }
  if (axis < -x.rank() || axis >= x.rank()) {
    throw error<ShapeError>({.where = "normalize",
                             .expected = fmt::format("an axis of {}", to_string(x.shape())),
                             .got = fmt::format("{}", axis)});
  }
  const auto at = static_cast<std::size_t>(axis < 0 ? axis + x.rank() : axis);
  const Shape behind(x.shape().begin() + static_cast<std::ptrdiff_t>(at) + 1, x.shape().end());
  const std::int64_t steps = x.shape()[at], inner = size_of(behind);
  Tensor out = x;
  for (std::int64_t i = 0; i < (x.empty() ? 0 : x.size() / steps); ++i) {
    float* first = out.data() + i / inner * steps * inner + i % inner;
    double norm = 0;
    for (std::int64_t k = 0; k < steps; ++k) {
      const double size = std::abs(first[k * inner]);
      norm = std::isinf(order) ? std::max(norm, size) : norm + std::pow(size, order);
    }
    norm = std::isinf(order) ? norm : std::pow(norm, 1 / order);
    for (std::int64_t k = 0; k < steps && norm != 0; ++k) {
      first[k * inner] = static_cast<float>(first[k * inner] / norm);
    }
  }
  return out;
}

namespace {

/// The rows that a size means. Errors: OptionError.
std::int64_t split_rows(const char* name, double size, std::int64_t rows) {
  const bool is_count = size >= 1 && size == std::floor(size);
  if (!(size > 0) || size >= static_cast<double>(rows) || (size > 1 && !is_count)) {
    fail("split_dataset",
         fmt::format("{} as a share between 0 and 1 or as 1 to {} rows", name, rows - 1),
         fmt::format("{}", size));
  }
  return static_cast<std::int64_t>(is_count ? size : std::nearbyint(size * double(rows)));
}

}  // namespace

SplitRows split_dataset(const Tensor& x, const SplitOptions& options) {
  const std::int64_t rows = rows_of(x);
  if (!options.left_size && !options.right_size) {
    fail("split_dataset", "left_size, right_size or both", "none");
  }
  const auto size = [&](const char* name, const std::optional<double>& own) {
    return own ? split_rows(name, *own, rows) : 0;
  };
  std::int64_t left = size("left_size", options.left_size);
  std::int64_t right = size("right_size", options.right_size);
  left = options.left_size ? left : rows - right;
  right = options.right_size ? right : rows - left;
  if (left < 1 || right < 1 || left + right > rows) {
    fail("split_dataset",
         fmt::format("two parts of {} rows", rows),
         fmt::format("{} and {}", left, right),
         "Change left_size or right_size.");
  }
  const RowsView all(x);
  return {all.rows(0, left), all.rows(rows - right, rows)};
}

std::vector<std::string> read_lines(const std::string& path) {
  const std::string text = formats::read_file(path, formats::kLargestModel);
  std::string_view rest = text;
  if (rest.starts_with("\xef\xbb\xbf")) {
    rest.remove_prefix(3);
  }
  std::vector<std::string> lines;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    lines.emplace_back(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

}  // namespace engram
