// SPDX-License-Identifier: Apache-2.0
/// The pooling layers: the largest value or the mean of windows.
#pragma once

#include <memory>
#include <string>

#include "layers/data_format.hpp"
#include "layers/layer_spec.hpp"
#include "layers/windows.hpp"

namespace engram {

enum class Pool { max, average };

std::unique_ptr<LayerPlan> pooling_plan(Pool pool,
                                        const WindowOptions& windows,
                                        const LayerSizes& sizes);

std::unique_ptr<LayerPlan> adaptive_pooling_plan(Pool pool,
                                                 const Shape& output_size,
                                                 const LayerSizes& sizes);

/// Over a whole sample of shape (T, C) or (H, W, C). With a mask, the mean of the steps that count.
/// Errors: OptionError for such a mask where features come first: it has a value for each feature.
std::unique_ptr<LayerPlan> global_pooling_plan(Pool pool,
                                               const LayerSizes& sizes,
                                               bool is_features_first);

/// (C), or with `keepdims` a 1 for each axis of windows. Errors: ShapeError.
Shape global_pooling_shape(const Shape& sample,
                           std::size_t axes,
                           bool keepdims,
                           std::string_view where);

template <class Options>
WindowOptions pooling_windows(const void* options) {
  const auto& o = options_as<Options>(options);
  const Shape size = list_of(o.pool_size);
  return {.size = size,
          .strides = list_of(o.strides.value_or(o.pool_size)),
          .dilation_rate = Shape(size.size(), 1),
          .padding = o.padding};
}

template <class Options>
void visit_pooling(Options& o, OptionVisitor& v) {
  static constexpr std::array<std::string_view, 2> kPaddings = {"valid", "same"};
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.sizes("pool_size", span_of(o.pool_size), at_least(1));
  v.choice("padding", o.padding, kPaddings);
  auto strides = o.strides.value_or(o.pool_size);  // files hold what None means
  v.sizes("strides", span_of(strides), at_least(1));
  if (strides != o.strides.value_or(o.pool_size)) {
    o.strides = strides;
  }
  visit_data_format(v, o.data_format);
}

template <class Options, Pool pool>
LayerSpec pooling_spec(std::string_view class_name, std::string_view auto_name) {
  constexpr std::size_t axes = kAxes<decltype(Options::pool_size)>;
  return with_data_format<Options, axes>(
      {.class_name = class_name,
       .auto_name = auto_name,
       .access = options_access<Options, visit_pooling<Options>>(),
       .output_shape =
           [](const void* o, std::span<const Shape> inputs, std::string_view where) {
             return windows_shape(
                 windows_of(pooling_windows<Options>(o), inputs[0], where), axes, inputs[0].back());
           },
       .plan =
           [](const void* o, const LayerSizes& sizes) {
             return pooling_plan(pool, pooling_windows<Options>(o), sizes);
           },
       .mask_rule = drops_mask,
       .mixes_steps = true});
}

template <class Options>
void visit_global_pooling(Options& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  visit_data_format(v, o.data_format);
  v.option("keepdims", o.keepdims);
}

template <class Options, Pool pool, std::size_t axes>
LayerSpec global_pooling_spec(std::string_view class_name, std::string_view auto_name) {
  return with_data_format<Options, axes>(
      {.class_name = class_name,
       .auto_name = auto_name,
       .access = options_access<Options, visit_global_pooling<Options>>(),
       .output_shape =
           [](const void* o, std::span<const Shape> inputs, std::string_view where) {
             const bool keepdims = options_as<Options>(o).keepdims;
             return global_pooling_shape(inputs[0], axes, keepdims, where);
           },
       .plan =
           [](const void* o, const LayerSizes& sizes) {
             const bool is_first = options_as<Options>(o).data_format == "channels_first";
             return global_pooling_plan(pool, sizes, is_first);
           },
       .mask_rule = drops_mask,
       .mixes_steps = true});
}

}  // namespace engram
