// SPDX-License-Identifier: Apache-2.0
#include "layers/windows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

/// As TensorFlow: "same" puts the odd zero behind.
kernels::WindowAxis axis_of(const WindowOptions& o, std::size_t i, std::int64_t input) {
  const std::int64_t extent = (o.size[i] - 1) * o.dilation_rate[i] + 1;
  kernels::WindowAxis axis{.input = input,
                           .size = o.size[i],
                           .stride = o.strides[i],
                           .dilation = o.dilation_rate[i],
                           .output = -1};
  if (input < 0) {
    return axis;
  }
  if (o.padding == "valid") {
    axis.output = input < extent ? 0 : (input - extent) / axis.stride + 1;
    return axis;
  }
  axis.output = (input + axis.stride - 1) / axis.stride;
  axis.before = extent - 1;
  if (o.padding == "same") {
    const std::int64_t all = (axis.output - 1) * axis.stride + extent - input;
    axis.before = std::max<std::int64_t>(all, 0) / 2;
  }
  return axis;
}

}  // namespace

void require_images(const Shape& sample, std::size_t axes, std::string_view where) {
  require_rank(sample,
               axes + 1,
               axes == 1 ? "(batch, time, features)" : "(batch, height, width, features)",
               where);
}

kernels::Windows adaptive_windows(const Shape& output_size,
                                  const Shape& sample,
                                  std::string_view where) {
  require_images(sample, output_size.size(), where);
  known_size(Shape(sample.begin(), sample.end() - 1), where);
  const auto axis = [&](std::size_t i) {
    const std::int64_t input = sample[i], output = output_size[i];
    return kernels::WindowAxis{
        .input = input,
        .size = (input + output - 1) / output + (input % output == 0 ? 0 : 1),
        .output = output,
        .is_adaptive = true};
  };
  kernels::Windows windows{.vertical = axis(0), .channels = sample.back()};
  if (output_size.size() == 2) {
    windows.horizontal = axis(1);
  }
  return windows;
}

kernels::Windows windows_of(const WindowOptions& options,
                            const Shape& sample,
                            std::string_view where) {
  const std::size_t axes = options.size.size();
  require_images(sample, axes, where);
  kernels::Windows windows{.vertical = axis_of(options, 0, sample[0]), .channels = sample.back()};
  if (axes == 2) {
    windows.horizontal = axis_of(options, 1, sample[1]);
  }
  if (windows.vertical.output == 0 || windows.horizontal.output == 0) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = fmt::format("lengths for a window of {}, {} apart",
                                                     to_string(options.size),
                                                     to_string(options.dilation_rate)),
                             .got = to_string(sample) + " a sample",
                             .remedy = "Use padding \"same\" or a smaller window."});
  }
  return windows;
}

Shape windows_shape(const kernels::Windows& windows, std::size_t axes, std::int64_t channels) {
  return axes == 1 ? Shape{windows.vertical.output, channels}
                   : Shape{windows.vertical.output, windows.horizontal.output, channels};
}

}  // namespace engram
