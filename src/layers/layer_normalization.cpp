// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/layer_normalization.hpp"

#include "kernels/normalize.hpp"
#include "layers/layer_spec.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(LayerNormalization& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("axis", o.axis);
  v.option("epsilon", o.epsilon, at_least(0));
  v.option("center", o.center);
  v.option("scale", o.scale);
  v.fixed("rms_scaling", false);
  v.option("beta_initializer", o.beta_initializer);
  v.option("gamma_initializer", o.gamma_initializer);
  visit_kind(v, "beta_regularizer", o.beta_regularizer);
  visit_kind(v, "gamma_regularizer", o.gamma_regularizer);
  visit_kind(v, "beta_constraint", o.beta_constraint);
  visit_kind(v, "gamma_constraint", o.gamma_constraint);
}

class LayerNormalizationPlan final : public LayerPlan {
 public:
  LayerNormalizationPlan(const LayerNormalization& o, const LayerSizes& sizes)
      : o_(o),
        C_(sizes.output.back()),
        places_(size_of(sizes.output) / C_),
        most_(places_ * sizes.rows) {}

  /// Mean and 1 / deviation of each place, kept for the backward pass.
  std::int64_t workspace_floats() const override { return 2 * most_; }

  void forward(const SliceRun& run) const override {
    k::normalize_rows(run.inputs[0].value,
                      gamma(run.weights),
                      beta(run.weights),
                      o_.epsilon,
                      run.output.value,
                      run.workspace,
                      run.rows * places_,
                      C_);
  }

  void backward(const SliceRun& run) const override {
    k::normalize_rows_gradient({.x = run.inputs[0].value,
                                .statistics = run.workspace,
                                .gamma = gamma(run.weights),
                                .dy = run.output.gradient,
                                .dx = run.inputs[0].gradient,
                                .dgamma = gamma(run.gradients),
                                .dbeta = beta(run.gradients)},
                               run.rows * places_,
                               C_);
  }

 private:
  template <class Float>
  Float* gamma(std::span<Float* const> weights) const {
    return o_.scale ? weights[0] : nullptr;
  }

  template <class Float>
  Float* beta(std::span<Float* const> weights) const {
    return o_.center ? weights[o_.scale ? 1 : 0] : nullptr;
  }

  LayerNormalization o_;
  std::int64_t C_, places_, most_;
};

const LayerNormalization& options_of(const void* options) {
  return *static_cast<const LayerNormalization*>(options);
}

Shape output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  require_last_axis(options_of(options).axis, inputs[0], where);
  return inputs[0];
}

std::vector<WeightSpec> weights(const void* options, std::span<const Shape> inputs) {
  const LayerNormalization& o = options_of(options);
  const Shape shape = {inputs[0].back()};
  std::vector<WeightSpec> specs;
  if (o.scale) {
    specs.push_back({.name = "gamma", .shape = shape, .initializer = o.gamma_initializer});
  }
  if (o.center) {
    specs.push_back({.name = "beta", .shape = shape, .initializer = o.beta_initializer});
  }
  return specs;
}

}  // namespace

const LayerSpec& layer_normalization_spec() {
  static const LayerSpec spec = {.class_name = "LayerNormalization",
                                 .auto_name = "layer_normalization",
                                 .access = options_access<LayerNormalization, visit_options>(),
                                 .output_shape = output_shape,
                                 .weights = weights,
                                 .plan = make_plan<LayerNormalizationPlan, LayerNormalization>};
  return spec;
}

const LayerSpec& spec_of(const LayerNormalization&) { return layer_normalization_spec(); }

}  // namespace engram
