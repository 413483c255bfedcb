// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "engram/layers/up_sampling1d.hpp"
#include "engram/layers/up_sampling2d.hpp"
#include "kernels/resize.hpp"
#include "layers/data_format.hpp"
#include "layers/rearrange.hpp"
#include "layers/windows.hpp"

namespace engram {

namespace {

template <class Options>
void visit_up_sampling(Options& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  if constexpr (requires { o.interpolation; }) {
    static constexpr std::array<std::string_view, 2> kInterpolations = {"nearest", "bilinear"};
    v.sizes("size", o.size, at_least(1));
    visit_data_format(v, o.data_format);
    v.choice("interpolation", o.interpolation, kInterpolations);
  } else {
    v.option("size", o.size, at_least(1));
  }
}

template <class Options>
Shape up_sampling_output_shape(const void* options,
                               std::span<const Shape> inputs,
                               std::string_view where) {
  const Shape times = list_of(options_as<Options>(options).size);
  require_images(inputs[0], times.size(), where);
  Shape shape = inputs[0];
  for (std::size_t i = 0; i < times.size(); ++i) {
    shape[i] *= shape[i] < 0 ? 1 : times[i];
  }
  return shape;
}

class BilinearPlan final : public LayerPlan {
 public:
  BilinearPlan(const UpSampling2D& o, const LayerSizes& sizes)
      : up_{.height = sizes.inputs[0][0],
            .width = sizes.inputs[0][1],
            .channels = sizes.inputs[0][2],
            .vertical = o.size[0],
            .horizontal = o.size[1]},
        input_(size_of(sizes.inputs[0])) {}

  void forward(const SliceRun& run) const override {
    kernels::bilinear(up_, run.rows, run.inputs[0].value, run.output.value);
  }

  void backward(const SliceRun& run) const override {
    if (float* dx = run.inputs[0].gradient; dx != nullptr) {
      std::fill_n(dx, run.rows * input_, 0.0f);
      kernels::bilinear_gradient(up_, run.rows, run.output.gradient, dx);
    }
  }

 private:
  kernels::Upsampling up_;
  std::int64_t input_;
};

template <class Options>
std::unique_ptr<LayerPlan> up_sampling_plan(const void* options, const LayerSizes& sizes) {
  const Options& o = options_as<Options>(options);
  if constexpr (requires { o.interpolation; }) {
    if (o.interpolation == "bilinear") {
      return std::make_unique<BilinearPlan>(o, sizes);
    }
  }
  const Shape times = list_of(o.size);
  return moving_plan(sizes, [&](std::size_t axis, std::int64_t i) { return i / times[axis]; });
}

template <class Options>
LayerSpec up_sampling_spec(std::string_view class_name, std::string_view auto_name) {
  return {.class_name = class_name,
          .auto_name = auto_name,
          .access = options_access<Options, visit_up_sampling<Options>>(),
          .output_shape = up_sampling_output_shape<Options>,
          .plan = up_sampling_plan<Options>,
          .mask_rule = drops_mask,
          .mixes_steps = true};
}

}  // namespace

const LayerSpec& up_sampling1d_spec() {
  static const LayerSpec spec = up_sampling_spec<UpSampling1D>("UpSampling1D", "up_sampling1d");
  return spec;
}

const LayerSpec& up_sampling2d_spec() {
  static const LayerSpec spec = with_data_format<UpSampling2D, 2>(
      up_sampling_spec<UpSampling2D>("UpSampling2D", "up_sampling2d"));
  return spec;
}

const LayerSpec& spec_of(const UpSampling1D&) { return up_sampling1d_spec(); }

const LayerSpec& spec_of(const UpSampling2D&) { return up_sampling2d_spec(); }

}  // namespace engram
