// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/prelu.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "kernels/rectifiers.hpp"
#include "layers/layer_spec.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(PReLU& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("alpha_initializer", o.alpha_initializer);
  visit_kind(v, "alpha_regularizer", o.alpha_regularizer);
  visit_kind(v, "alpha_constraint", o.alpha_constraint);
  v.option("shared_axes", o.shared_axes);
}

/// A sample's shape, with length 1 along the shared axes.
Shape alpha_shape(const void* options, const Shape& sample) {
  Shape shape = sample;
  for (const std::int64_t axis : options_as<PReLU>(options).shared_axes) {
    shape[static_cast<std::size_t>(axis - 1)] = 1;
  }
  return shape;
}

class PReLUPlan final : public LayerPlan {
 public:
  PReLUPlan(const PReLU& o, const LayerSizes& sizes) : layout_(sizes.output) {
    const Shape alpha = alpha_shape(&o, sizes.output);
    for (std::int64_t i = 0; i < layout_.size(); ++i) {
      std::int64_t place = 0, stride = 1, rest = i;
      for (std::size_t axis = alpha.size(); axis-- > 0; rest /= sizes.output[axis]) {
        place += rest % sizes.output[axis] % alpha[axis] * stride;
        stride *= alpha[axis];
      }
      places_.push_back(place);
    }
  }

  /// The slopes of one step, then their gradients.
  std::int64_t workspace_floats() const override { return 2 * layout_.inner; }

  void forward(const SliceRun& run) const override {
    each_row(run, [&](std::int64_t at, const float* alpha) {
      k::prelu(run.inputs[0].value + at, alpha, run.output.value + at, layout_.inner);
    });
  }

  void backward(const SliceRun& run) const override {
    float* dx = run.inputs[0].gradient;
    float* dalpha = run.gradients[0];
    float* of_step = dalpha != nullptr ? run.workspace + layout_.inner : nullptr;
    for (std::int64_t t = 0; t < layout_.steps; ++t) {
      const float* alpha = slopes_of_step(run, t);
      if (of_step != nullptr) {
        std::fill_n(of_step, layout_.inner, 0.0f);
      }
      for (std::int64_t row = 0; row < run.rows; ++row) {
        const std::int64_t at = (t * run.rows + row) * layout_.inner;
        k::prelu_gradient(run.inputs[0].value + at,
                          alpha,
                          run.output.gradient + at,
                          dx != nullptr ? dx + at : nullptr,
                          of_step,
                          layout_.inner);
      }
      for (std::int64_t i = 0; of_step != nullptr && i < layout_.inner; ++i) {
        dalpha[place(t, i)] += of_step[i];
      }
    }
  }

 private:
  std::int64_t place(std::int64_t t, std::int64_t i) const {
    return places_[static_cast<std::size_t>(t * layout_.inner + i)];
  }

  const float* slopes_of_step(const SliceRun& run, std::int64_t t) const {
    for (std::int64_t i = 0; i < layout_.inner; ++i) {
      run.workspace[i] = run.weights[0][place(t, i)];
    }
    return run.workspace;
  }

  template <class Visit>
  void each_row(const SliceRun& run, const Visit& visit) const {
    for (std::int64_t t = 0; t < layout_.steps; ++t) {
      const float* alpha = slopes_of_step(run, t);
      for (std::int64_t row = 0; row < run.rows; ++row) {
        visit((t * run.rows + row) * layout_.inner, alpha);
      }
    }
  }

  TimeMajor layout_;
  std::vector<std::int64_t> places_;  ///< in alpha, of a sample's values
};

Shape prelu_output_shape(const void* options,
                         std::span<const Shape> inputs,
                         std::string_view where) {
  const auto last = static_cast<std::int64_t>(inputs[0].size());
  for (const std::int64_t axis : options_as<PReLU>(options).shared_axes) {
    if (axis < 1 || axis > last) {
      throw error<ShapeError>({.where = std::string(where),
                               .expected = fmt::format("shared_axes in [1, {}]", last),
                               .got = fmt::format("{}", axis)});
    }
  }
  return inputs[0];
}

std::vector<WeightSpec> prelu_weights(const void* options, std::span<const Shape> inputs) {
  return {{.name = "alpha",
           .shape = alpha_shape(options, inputs[0]),
           .initializer = options_as<PReLU>(options).alpha_initializer}};
}

}  // namespace

const LayerSpec& prelu_spec() {
  static const LayerSpec spec = {.class_name = "PReLU",
                                 .auto_name = "p_re_lu",
                                 .access = options_access<PReLU, visit_options>(),
                                 .output_shape = prelu_output_shape,
                                 .weights = prelu_weights,
                                 .plan = make_plan<PReLUPlan, PReLU>};
  return spec;
}

const LayerSpec& spec_of(const PReLU&) { return prelu_spec(); }

}  // namespace engram
