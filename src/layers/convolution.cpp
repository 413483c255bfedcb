// SPDX-License-Identifier: Apache-2.0
#include "layers/convolution.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "layers/chain_plan.hpp"
#include "layers/convolution_plan.hpp"

namespace engram {

namespace k = kernels;

namespace {

bool is_by_channel(const Convolution& c) {
  return c.kind == ConvolutionKind::depthwise || c.kind == ConvolutionKind::separable;
}

/// The length of a transposed convolution's result, as TensorFlow's, or -1.
std::int64_t transposed_length(const Convolution& c, std::size_t i, std::int64_t input) {
  const std::int64_t stride = c.windows.strides[i];
  const std::int64_t extent = (c.windows.size[i] - 1) * c.windows.dilation_rate[i] + 1;
  if (input < 0) {
    return -1;
  }
  if (c.windows.padding == "valid") {
    const std::int64_t more =
        c.output_padding ? (*c.output_padding)[i] : std::max<std::int64_t>(stride - extent, 0);
    return (input - 1) * stride + extent + more;
  }
  return c.output_padding ? (input - 1) * stride + extent % 2 + (*c.output_padding)[i]
                          : input * stride;
}

/// The windows of the convolution; of a transposed one those on its result, one for each place of
/// the input.
k::Windows windows_in(const Convolution& c, const Shape& sample, std::string_view where) {
  if (c.kind != ConvolutionKind::transposed) {
    return windows_of(c.windows, sample, where);
  }
  const std::size_t axes = c.windows.size.size();
  require_images(sample, axes, where);
  Shape result;
  for (std::size_t i = 0; i < axes; ++i) {
    result.push_back(transposed_length(c, i, sample[i]));
  }
  result.push_back(c.filters);
  const k::Windows windows = windows_of(c.windows, result, where);
  const Shape covered = windows_shape(windows, axes, sample.back());
  if (covered != sample) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "an output_padding that leaves a place for each value",
                             .got = to_string(c.output_padding.value_or(Shape{})) + " for " +
                                    to_string(sample) + " a sample",
                             .remedy = "Leave output_padding out."});
  }
  return windows;
}

std::int64_t filters_of(const Convolution& c, const Shape& sample) {
  return c.kind == ConvolutionKind::depthwise ? sample.back() * c.multiplier : c.filters;
}

/// The second half of a separable convolution: of single places.
Convolution pointwise(const Convolution& c) {
  Convolution point = c;
  const Shape ones(c.windows.size.size(), 1);
  point.kind = ConvolutionKind::plain;
  point.windows = {.size = ones, .strides = ones, .dilation_rate = ones, .padding = "valid"};
  point.kernel_initializer = c.pointwise_initializer;
  return point;
}

/// The first half.
Convolution channelwise(const Convolution& c) {
  Convolution first = c;
  first.kind = ConvolutionKind::depthwise;
  first.use_bias = false;
  first.activation = "linear";
  return first;
}

std::unique_ptr<LayerPlan> separable_plan(const Convolution& c, const LayerSizes& sizes) {
  LayerSizes first = sizes, second = sizes;
  first.output = output_shape(channelwise(c), sizes.inputs[0], "");
  first.keeps_logits = false;
  second.inputs = {first.output};
  second.needs_input_gradient = true;
  std::vector<ChainLink> links;
  links.push_back({.plan = plan(channelwise(c), first), .weights = 1, .output = first.output});
  links.push_back({.plan = plan(pointwise(c), second), .weights = c.use_bias ? 2u : 1u});
  return std::make_unique<ChainPlan>(std::move(links), sizes);
}

}  // namespace

Shape output_shape(const Convolution& c, const Shape& sample, std::string_view where) {
  const auto fail = [&]<class E>(E*, const std::string& expected, const std::string& got) {
    throw error<E>({.where = std::string(where), .expected = expected, .got = got});
  };
  const Shape& strides = c.windows.strides;
  if (c.filters % c.groups != 0) {
    fail(static_cast<OptionError*>(nullptr),
         fmt::format("filters a multiple of the {} groups", c.groups),
         fmt::format("{}", c.filters));
  }
  if (!is_by_channel(c) && std::ranges::max(strides) > 1 &&
      std::ranges::max(c.windows.dilation_rate) > 1) {
    fail(static_cast<OptionError*>(nullptr),
         "strides or dilation_rate 1",
         to_string(strides) + " and " + to_string(c.windows.dilation_rate));
  }
  for (std::size_t i = 0; c.output_padding && i < strides.size(); ++i) {
    if ((*c.output_padding)[i] >= strides[i]) {
      fail(static_cast<OptionError*>(nullptr),
           "output_padding below the strides " + to_string(strides),
           to_string(*c.output_padding));
    }
  }
  const k::Windows windows = windows_in(c, sample, where);
  if (sample.back() < 1 || sample.back() % c.groups != 0) {
    fail(static_cast<ShapeError*>(nullptr),
         fmt::format("features a multiple of the {} groups", c.groups),
         to_string(sample) + " a sample");
  }
  const std::size_t axes = c.windows.size.size();
  if (c.kind != ConvolutionKind::transposed) {
    return windows_shape(windows, axes, filters_of(c, sample));
  }
  return axes == 1 ? Shape{windows.vertical.input, c.filters}
                   : Shape{windows.vertical.input, windows.horizontal.input, c.filters};
}

std::vector<WeightSpec> weights(const Convolution& c, const Shape& sample) {
  const std::int64_t channels = sample.back();
  const auto kernel = [&](const char* name, Shape size, std::int64_t in, std::int64_t out) {
    size.push_back(in);
    size.push_back(out);
    return WeightSpec{.name = name, .shape = std::move(size), .initializer = c.kernel_initializer};
  };
  std::vector<WeightSpec> specs;
  if (c.kind == ConvolutionKind::plain) {
    specs = {kernel("kernel", c.windows.size, channels / c.groups, c.filters)};
  } else if (c.kind == ConvolutionKind::transposed) {
    specs = {kernel("kernel", c.windows.size, c.filters, channels)};
  } else if (c.kind == ConvolutionKind::depthwise) {
    specs = {kernel("kernel", c.windows.size, channels, c.multiplier)};
  } else {
    const Shape ones(c.windows.size.size(), 1);
    specs = {kernel("depthwise_kernel", c.windows.size, channels, c.multiplier),
             kernel("pointwise_kernel", ones, channels * c.multiplier, c.filters)};
    specs[1].initializer = c.pointwise_initializer;
  }
  if (c.use_bias) {
    specs.push_back(
        {.name = "bias", .shape = {filters_of(c, sample)}, .initializer = c.bias_initializer});
  }
  return specs;
}

std::unique_ptr<LayerPlan> plan(const Convolution& c, const LayerSizes& sizes) {
  if (c.kind == ConvolutionKind::separable) {
    return separable_plan(c, sizes);
  }
  const Shape& sample = sizes.inputs[0];
  const ConvolutionSizes s = {.windows = windows_in(c, sample, ""),
                              .input = size_of(sample),
                              .output = size_of(sizes.output),
                              .channels = sample.back(),
                              .filters = filters_of(c, sample),
                              .groups = c.groups,
                              .rows = sizes.rows,
                              .use_bias = c.use_bias,
                              .is_training = sizes.is_training,
                              .needs_dx = sizes.is_training && sizes.needs_input_gradient};
  const auto made = [&]<class Operation>(Operation*) -> std::unique_ptr<LayerPlan> {
    return std::make_unique<ConvolutionPlan<Operation>>(s, c.activation, sizes.keeps_logits);
  };
  switch (c.kind) {
    case ConvolutionKind::transposed:
      return made(static_cast<TransposedConvolution*>(nullptr));
    case ConvolutionKind::depthwise:
      return made(static_cast<DepthwiseConvolution*>(nullptr));
    default:
      return made(static_cast<PlainConvolution*>(nullptr));
  }
}

std::int64_t flops(const Convolution& c, const Shape& sample) {
  if (c.kind == ConvolutionKind::separable) {
    const Shape middle = output_shape(channelwise(c), sample, "");
    return flops(channelwise(c), sample) + flops(pointwise(c), middle);
  }
  const k::Windows w = windows_in(c, sample, "");
  const std::int64_t products = w.vertical.output * w.horizontal.output * size_of(c.windows.size);
  return 2 * products * (is_by_channel(c) ? 1 : sample.back() / c.groups) * filters_of(c, sample);
}

}  // namespace engram
