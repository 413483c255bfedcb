// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/adaptive_pooling.hpp"

#include "layers/data_format.hpp"
#include "layers/pooling.hpp"

namespace engram {

namespace {

template <class Options>
void visit_adaptive_pooling(Options& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.sizes("output_size", span_of(o.output_size), at_least(1));
  visit_data_format(v, o.data_format);
}

template <class Options>
Shape output_size(const void* options) {
  return list_of(options_as<Options>(options).output_size);
}

template <class Options, Pool pool>
LayerSpec adaptive_pooling_spec(std::string_view class_name, std::string_view auto_name) {
  constexpr std::size_t axes = kAxes<decltype(Options::output_size)>;
  return with_data_format<Options, axes>(
      {.class_name = class_name,
       .auto_name = auto_name,
       .access = options_access<Options, visit_adaptive_pooling<Options>>(),
       .output_shape =
           [](const void* o, std::span<const Shape> inputs, std::string_view where) {
             return windows_shape(adaptive_windows(output_size<Options>(o), inputs[0], where),
                                  axes,
                                  inputs[0].back());
           },
       .plan =
           [](const void* o, const LayerSizes& sizes) {
             return adaptive_pooling_plan(pool, output_size<Options>(o), sizes);
           },
       .mask_rule = drops_mask,
       .mixes_steps = true});
}

}  // namespace

const LayerSpec& adaptive_average_pooling1d_spec() {
  static const LayerSpec spec = adaptive_pooling_spec<AdaptiveAveragePooling1D, Pool::average>(
      "AdaptiveAveragePooling1D", "adaptive_average_pooling1d");
  return spec;
}

const LayerSpec& adaptive_average_pooling2d_spec() {
  static const LayerSpec spec = adaptive_pooling_spec<AdaptiveAveragePooling2D, Pool::average>(
      "AdaptiveAveragePooling2D", "adaptive_average_pooling2d");
  return spec;
}

const LayerSpec& adaptive_max_pooling1d_spec() {
  static const LayerSpec spec = adaptive_pooling_spec<AdaptiveMaxPooling1D, Pool::max>(
      "AdaptiveMaxPooling1D", "adaptive_max_pooling1d");
  return spec;
}

const LayerSpec& adaptive_max_pooling2d_spec() {
  static const LayerSpec spec = adaptive_pooling_spec<AdaptiveMaxPooling2D, Pool::max>(
      "AdaptiveMaxPooling2D", "adaptive_max_pooling2d");
  return spec;
}

const LayerSpec& spec_of(const AdaptiveAveragePooling1D&) {
  return adaptive_average_pooling1d_spec();
}

const LayerSpec& spec_of(const AdaptiveAveragePooling2D&) {
  return adaptive_average_pooling2d_spec();
}

const LayerSpec& spec_of(const AdaptiveMaxPooling1D&) { return adaptive_max_pooling1d_spec(); }

const LayerSpec& spec_of(const AdaptiveMaxPooling2D&) { return adaptive_max_pooling2d_spec(); }

}  // namespace engram
