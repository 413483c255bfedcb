// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/dropout.hpp"

#include "kernels/elementwise.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(Dropout& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("rate", o.rate, in_range_below(0, 1));
  v.option("seed", o.seed);
  v.fixed("noise_shape", {});
}

/// Each row has a stream of its own, which runs on through the steps. The factors are drawn again
/// in the backward pass: that is cheaper than keeping them.
class DropoutPlan final : public LayerPlan {
 public:
  DropoutPlan(const Dropout& o, const LayerSizes& sizes) : o_(o) {
    const Shape& shape = sizes.inputs[0];
    steps_ = shape.size() > 1 ? shape[0] : 1;
    features_ = size_of(shape) / steps_;
    stride_ = (features_ + 3) / 4 * 4;  // dropout_factors starts at multiples of 4
  }

  std::int64_t workspace_floats() const override { return stride_; }

  void forward(const SliceRun& run) const override {
    apply(run, run.inputs[0].value, run.output.value);
  }

  void backward(const SliceRun& run) const override {
    if (run.inputs[0].gradient != nullptr) {
      apply(run, run.output.gradient, run.inputs[0].gradient);
    }
  }

 private:
  void apply(const SliceRun& run, const float* from, float* to) const {
    for (std::int64_t t = 0; t < steps_; ++t) {
      for (std::int64_t row = 0; row < run.rows; ++row) {
        const k::DropoutKey key{.seed = run.seed + static_cast<std::uint64_t>(o_.seed.value_or(0)),
                                .step = run.step,
                                .layer = run.position * 16u,
                                .row = static_cast<std::uint32_t>(run.first_row + row)};
        const std::int64_t at = (t * run.rows + row) * features_;
        k::dropout_factors(run.workspace, features_, o_.rate, key, t * stride_);
        k::multiply(from + at, run.workspace, to + at, features_);
      }
    }
  }

  Dropout o_;
  std::int64_t steps_ = 1, features_ = 0, stride_ = 0;
};

Shape output_shape(const void*, std::span<const Shape> inputs, std::string_view) {
  return inputs[0];
}

bool is_identity(const void* options, bool is_training) {
  return !is_training || static_cast<const Dropout*>(options)->rate == 0;
}

std::unique_ptr<LayerPlan> plan(const void* options, const LayerSizes& sizes) {
  return std::make_unique<DropoutPlan>(*static_cast<const Dropout*>(options), sizes);
}

}  // namespace

const LayerSpec& dropout_spec() {
  static const LayerSpec spec = {.class_name = "Dropout",
                                 .auto_name = "dropout",
                                 .access = options_access<Dropout, visit_options>(),
                                 .output_shape = output_shape,
                                 .weights = no_weights,
                                 .plan = plan,
                                 .mask_rule = passes_mask,
                                 .is_identity = is_identity,
                                 .logits_of = no_logits,
                                 .flops = no_flops};
  return spec;
}

const LayerSpec& spec_of(const Dropout&) { return dropout_spec(); }

}  // namespace engram
