// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/dropout.hpp"

#include "base/phases.hpp"
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

/// Each row has a stream of its own, which runs on through the steps. Its factors are kept for the
/// backward pass: reading them costs a fifth of drawing them again.
class DropoutPlan final : public LayerPlan {
 public:
  DropoutPlan(const Dropout& o, const LayerSizes& sizes) : o_(o), rows_(sizes.rows) {
    const Shape& shape = sizes.inputs[0];
    steps_ = shape.size() > 1 ? shape[0] : 1;
    features_ = size_of(shape) / steps_;
    stride_ = (features_ + 3) / 4 * 4;  // whole blocks of random numbers
  }

  std::int64_t workspace_floats() const override { return rows_ * steps_ * stride_; }

  void forward(const SliceRun& run) const override {
    const PhaseTimer timer(Phase::dropout);
    for (std::int64_t row = 0; row < run.rows; ++row) {
      const k::DropoutKey key{.seed = run.seed + static_cast<std::uint64_t>(o_.seed.value_or(0)),
                              .step = run.step,
                              .layer = run.position * 16u,
                              .row = static_cast<std::uint32_t>(run.first_row + row)};
      k::dropout_factors(factors(run, row, 0), steps_ * stride_, o_.rate, key);
    }
    apply(run, run.inputs[0].value, run.output.value);
  }

  void backward(const SliceRun& run) const override {
    if (run.inputs[0].gradient != nullptr) {
      const PhaseTimer timer(Phase::dropout);
      apply(run, run.output.gradient, run.inputs[0].gradient);
    }
  }

 private:
  float* factors(const SliceRun& run, std::int64_t row, std::int64_t t) const {
    return run.workspace + (row * steps_ + t) * stride_;
  }

  void apply(const SliceRun& run, const float* from, float* to) const {
    for (std::int64_t t = 0; t < steps_; ++t) {
      for (std::int64_t row = 0; row < run.rows; ++row) {
        const std::int64_t at = (t * run.rows + row) * features_;
        k::multiply(from + at, factors(run, row, t), to + at, features_);
      }
    }
  }

  Dropout o_;
  std::int64_t rows_ = 0, steps_ = 1, features_ = 0, stride_ = 0;
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
