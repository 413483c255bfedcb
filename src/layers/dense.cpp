// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/dense.hpp"

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "kernels/dense.hpp"
#include "layers/activation_pass.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(Dense& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  visit_activity_regularizer(v, o.activity_regularizer);
  v.option("units", o.units, at_least(1));
  v.option("activation", o.activation);
  v.option("use_bias", o.use_bias);
  v.option("kernel_initializer", o.kernel_initializer);
  v.option("bias_initializer", o.bias_initializer);
  visit_kind(v, "kernel_regularizer", o.kernel_regularizer);
  visit_kind(v, "bias_regularizer", o.bias_regularizer);
  visit_kind(v, "kernel_constraint", o.kernel_constraint);
  visit_kind(v, "bias_constraint", o.bias_constraint);
  v.fixed("quantization_config", {});
}

/// y = f(x W + b) over all rows and steps at once. Packed: W, then its transpose for dx.
class DensePlan final : public LayerPlan {
 public:
  DensePlan(const Dense& o, const LayerSizes& sizes) : o_(o), activation_(o.activation) {
    D_ = sizes.inputs[0].back();
    const Shape& shape = sizes.inputs[0];
    steps_ = size_of(shape) / D_;
    needs_dx_ = sizes.is_training && sizes.needs_input_gradient;
    keeps_logits_ = sizes.keeps_logits;
    keeps_input_ = sizes.is_training && activation_.keeps_input();
    forward_floats_ = aligned_floats(k::packed_matrix_floats(D_, o.units));
    transposed_floats_ = needs_dx_ ? aligned_floats(k::packed_matrix_floats(o.units, D_)) : 0;
    values_ = aligned_floats(steps_ * sizes.rows * o.units);
  }

  std::int64_t packed_floats() const override { return forward_floats_ + transposed_floats_; }

  std::int64_t pack_parts() const override { return needs_dx_ ? 2 : 1; }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    if (part == 0) {
      k::pack_matrix(weights[0], D_, o_.units, o_.units, packed);
    } else {
      k::pack_transposed(weights[0], o_.units, D_, o_.units, packed + forward_floats_);
    }
  }

  // The pre-activation if backward needs it, then the gradient by it.
  std::int64_t workspace_floats() const override { return values_; }

  void forward(const SliceRun& run) const override {
    const std::int64_t rows = run.rows * steps_;
    float* pre = keeps_logits_ ? run.output.logits : run.output.value;
    pre = keeps_input_ ? run.workspace : pre;
    k::product({.M = rows,
                .K = D_,
                .N = o_.units,
                .a = run.inputs[0].value,
                .lda = D_,
                .packed = run.packed,
                .bias = o_.use_bias ? run.weights[1] : nullptr,
                .c = pre,
                .ldc = o_.units});
    activation_.forward(pre, run.output.value, rows, o_.units);
  }

  void backward(const SliceRun& run) const override {
    const std::int64_t rows = run.rows * steps_;
    const float* g = activation_.backward(run, run.workspace, run.workspace, rows, o_.units);
    if (run.gradients[0] != nullptr) {
      k::gradient_product({.M = rows,
                           .K = D_,
                           .N = o_.units,
                           .a = run.inputs[0].value,
                           .lda = D_,
                           .g = g,
                           .ldg = o_.units,
                           .dw = run.gradients[0],
                           .lddw = o_.units,
                           .dbias = o_.use_bias ? run.gradients[1] : nullptr});
    }
    if (needs_dx_) {
      k::product({.M = rows,
                  .K = o_.units,
                  .N = D_,
                  .a = g,
                  .lda = o_.units,
                  .packed = run.packed + forward_floats_,
                  .c = run.inputs[0].gradient,
                  .ldc = D_});
    }
  }

 private:
  Dense o_;
  ActivationPass activation_;
  std::int64_t D_ = 0, steps_ = 1;
  bool needs_dx_ = false, keeps_logits_ = false, keeps_input_ = false;
  std::int64_t forward_floats_ = 0, transposed_floats_ = 0, values_ = 0;
};

Shape dense_output_shape(const void* options,
                         std::span<const Shape> inputs,
                         std::string_view where) {
  if (inputs[0].empty() || inputs[0].back() < 1) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "input of rank 2 or more, its last axis known",
                             .got = to_string(inputs[0]) + " a sample",
                             .remedy = "Add a feature axis."});
  }
  Shape shape = inputs[0];
  shape.back() = options_as<Dense>(options).units;
  return shape;
}

std::vector<WeightSpec> dense_weights(const void* options, std::span<const Shape> inputs) {
  const Dense& o = options_as<Dense>(options);
  std::vector<WeightSpec> specs = {{.name = "kernel",
                                    .shape = {inputs[0].back(), o.units},
                                    .initializer = o.kernel_initializer}};
  if (o.use_bias) {
    specs.push_back({.name = "bias", .shape = {o.units}, .initializer = o.bias_initializer});
  }
  return specs;
}

LogitsOf dense_logits(const void* options) {
  return logits_behind(options_as<Dense>(options).activation);
}

std::unique_ptr<LayerPlan> dense_plan(const void* options, const LayerSizes& sizes) {
  return std::make_unique<DensePlan>(options_as<Dense>(options), sizes);
}

std::int64_t dense_flops(const void* options, std::span<const Shape> inputs) {
  return 2 * size_of(inputs[0]) * options_as<Dense>(options).units;
}

}  // namespace

const LayerSpec& dense_spec() {
  static const LayerSpec spec = {.class_name = "Dense",
                                 .auto_name = "dense",
                                 .access = options_access<Dense, visit_options>(),
                                 .output_shape = dense_output_shape,
                                 .weights = dense_weights,
                                 .plan = dense_plan,
                                 .mask_rule = passes_mask,
                                 .is_identity = is_never_identity,
                                 .logits_of = dense_logits,
                                 .flops = dense_flops};
  return spec;
}

const LayerSpec& spec_of(const Dense&) { return dense_spec(); }

}  // namespace engram
