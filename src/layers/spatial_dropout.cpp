// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/spatial_dropout1d.hpp"
#include "engram/layers/spatial_dropout2d.hpp"
#include "layers/data_format.hpp"
#include "layers/noise_plan.hpp"
#include "layers/windows.hpp"

namespace engram {

namespace {

template <class Options>
void visit_spatial_dropout(Options& o, OptionVisitor& v) {
  v.option("rate", o.rate, in_range_below(0, 1));
  v.option("seed", o.seed);
  v.option("name", o.name);
  if constexpr (requires { o.data_format; }) {
    visit_data_format(v, o.data_format);
  }
}

template <class Options, std::size_t axes>
LayerSpec spatial_dropout_spec(std::string_view class_name, std::string_view auto_name) {
  return {.class_name = class_name,
          .auto_name = auto_name,
          .access = options_access<Options, visit_spatial_dropout<Options>>(),
          .output_shape =
              [](const void*, std::span<const Shape> inputs, std::string_view where) {
                require_images(inputs[0], axes, where);
                return inputs[0];
              },
          .plan = [](const void* options, const LayerSizes& sizes) -> std::unique_ptr<LayerPlan> {
            const auto& o = options_as<Options>(options);
            Shape noise(sizes.inputs[0].size() + 1, 1);  // one number for a feature
            noise.front() = noise.back() = -1;
            return std::make_unique<NoisePlan<DropoutNoise>>(
                DropoutNoise{o.rate}, o.seed, sizes, noise);
          },
          .is_identity =
              [](const void* options, bool is_training) {
                return !is_training || options_as<Options>(options).rate == 0;
              }};
}

}  // namespace

const LayerSpec& spatial_dropout1d_spec() {
  static const LayerSpec spec =
      spatial_dropout_spec<SpatialDropout1D, 1>("SpatialDropout1D", "spatial_dropout1d");
  return spec;
}

const LayerSpec& spatial_dropout2d_spec() {
  static const LayerSpec spec = with_data_format<SpatialDropout2D, 2>(
      spatial_dropout_spec<SpatialDropout2D, 2>("SpatialDropout2D", "spatial_dropout2d"));
  return spec;
}

const LayerSpec& spec_of(const SpatialDropout1D&) { return spatial_dropout1d_spec(); }

const LayerSpec& spec_of(const SpatialDropout2D&) { return spatial_dropout2d_spec(); }

}  // namespace engram
