// SPDX-License-Identifier: Apache-2.0
#include "layers/pooling.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "kernels/elementwise.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace k = kernels;

namespace {

class PoolingPlan final : public LayerPlan {
 public:
  PoolingPlan(Pool pool, const k::Windows& windows, bool is_global, const LayerSizes& sizes)
      : is_max_(pool == Pool::max),
        is_global_(is_global),
        windows_(windows),
        input_(size_of(sizes.inputs[0])) {}

  void forward(const SliceRun& run) const override {
    (is_max_ ? k::max_pool : k::average_pool)(
        windows_, run.rows, run.inputs[0].value, run.output.value);
  }

  void backward(const SliceRun& run) const override {
    const Signal& x = run.inputs[0];
    if (x.gradient == nullptr) {
      return;
    }
    std::fill_n(x.gradient, run.rows * input_, 0.0f);
    if (is_max_) {  // TensorFlow: equal ones share over a whole sample; of a window, the first has
                    // all
      k::max_pool_gradient(windows_,
                           run.rows,
                           is_global_,
                           x.value,
                           run.output.value,
                           run.output.gradient,
                           x.gradient);
    } else {
      k::average_pool_gradient(windows_, run.rows, run.output.gradient, x.gradient);
    }
  }

 private:
  bool is_max_, is_global_;
  k::Windows windows_;
  std::int64_t input_;
};

/// The mean over the steps that the mask lets count; NaN when none does.
class MaskedAveragePlan final : public LayerPlan {
 public:
  explicit MaskedAveragePlan(const LayerSizes& sizes) : layout_(sizes.inputs[0]) {}

  void forward(const SliceRun& run) const override {
    const Signal& x = run.inputs[0];
    std::fill_n(run.output.value, run.rows * layout_.inner, 0.0f);
    each_step(run, [&](std::int64_t step, float* y, float) {
      k::add(x.value + step * layout_.inner, y, layout_.inner);
    });
    for (std::int64_t row = 0; row < run.rows; ++row) {
      k::scale(run.output.value + row * layout_.inner, share(run, row), layout_.inner);
    }
  }

  void backward(const SliceRun& run) const override {
    float* dx = run.inputs[0].gradient;
    if (dx == nullptr) {
      return;
    }
    std::fill_n(dx, layout_.steps * run.rows * layout_.inner, 0.0f);
    each_step(run, [&](std::int64_t step, float* y, float part) {
      const float* dy = run.output.gradient + (y - run.output.value);
      std::copy_n(dy, layout_.inner, dx + step * layout_.inner);
      k::scale(dx + step * layout_.inner, part, layout_.inner);
    });
  }

 private:
  static float share_of(std::int64_t count) { return 1.0f / static_cast<float>(count); }

  float share(const SliceRun& run, std::int64_t row) const {
    std::int64_t count = 0;
    for (std::int64_t t = 0; t < layout_.steps; ++t) {
      count += run.inputs[0].mask[t * run.rows + row] != 0 ? 1 : 0;
    }
    return count == 0 ? std::numeric_limits<float>::quiet_NaN() : share_of(count);
  }

  /// Visit(t rows + row, the row of the result, the step's share): each step that counts.
  template <class Visit>
  void each_step(const SliceRun& run, const Visit& visit) const {
    for (std::int64_t row = 0; row < run.rows; ++row) {
      const float part = share(run, row);
      for (std::int64_t t = 0; t < layout_.steps; ++t) {
        if (run.inputs[0].mask[t * run.rows + row] != 0) {
          visit(t * run.rows + row, run.output.value + row * layout_.inner, part);
        }
      }
    }
  }

  TimeMajor layout_;
};

}  // namespace

std::unique_ptr<LayerPlan> pooling_plan(Pool pool,
                                        const WindowOptions& windows,
                                        const LayerSizes& sizes) {
  return std::make_unique<PoolingPlan>(
      pool, windows_of(windows, sizes.inputs[0], ""), /*is_global=*/false, sizes);
}

std::unique_ptr<LayerPlan> adaptive_pooling_plan(Pool pool,
                                                 const Shape& output_size,
                                                 const LayerSizes& sizes) {
  return std::make_unique<PoolingPlan>(
      pool, adaptive_windows(output_size, sizes.inputs[0], ""), /*is_global=*/false, sizes);
}

std::unique_ptr<LayerPlan> global_pooling_plan(Pool pool,
                                               const LayerSizes& sizes,
                                               bool is_features_first) {
  const Shape& shape = sizes.inputs[0];
  if (sizes.has_mask && pool == Pool::average && shape.size() == 2) {
    if (is_features_first) {
      throw error<OptionError>({.where = "GlobalAveragePooling1D",
                                .expected = "data_format channels_last for masked steps",
                                .got = in_quotes("channels_first")});
    }
    return std::make_unique<MaskedAveragePlan>(sizes);
  }
  const Shape whole(shape.begin(), shape.end() - 1);
  const Shape ones(whole.size(), 1);
  const WindowOptions windows = {
      .size = whole, .strides = ones, .dilation_rate = ones, .padding = "valid"};
  return std::make_unique<PoolingPlan>(
      pool, windows_of(windows, shape, ""), /*is_global=*/true, sizes);
}

Shape global_pooling_shape(const Shape& sample,
                           std::size_t axes,
                           bool keepdims,
                           std::string_view where) {
  require_images(sample, axes, where);
  Shape shape(keepdims ? axes : 0, 1);
  shape.push_back(sample.back());
  return shape;
}

}  // namespace engram
