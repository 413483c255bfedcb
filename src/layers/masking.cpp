// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/masking.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace {

void visit_options(Masking& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("mask_value", o.mask_value, any());
}

class MaskingPlan final : public LayerPlan {
 public:
  MaskingPlan(const Masking& o, const LayerSizes& sizes)
      : value_(o.mask_value),
        steps_(sizes.inputs[0][0]),
        features_(sizes.inputs[0][1]),
        has_lengths_(sizes.has_lengths) {}

  void forward(const SliceRun& run) const override {
    for (std::int64_t i = 0; i < steps_ * run.rows; ++i) {
      const float* x = run.inputs[0].value + i * features_;
      const bool is_used = (!has_lengths_ || run.inputs[0].mask[i] != 0) &&
                           std::any_of(x, x + features_, [&](float v) { return v != value_; });
      run.output.mask[i] = is_used;
      for (std::int64_t d = 0; d < features_; ++d) {
        run.output.value[i * features_ + d] = is_used ? x[d] : 0.0f;
      }
    }
  }

  void backward(const SliceRun& run) const override {
    if (run.inputs[0].gradient == nullptr) {
      return;
    }
    for (std::int64_t i = 0; i < steps_ * run.rows; ++i) {
      for (std::int64_t d = i * features_; d < (i + 1) * features_; ++d) {
        run.inputs[0].gradient[d] = run.output.mask[i] != 0 ? run.output.gradient[d] : 0.0f;
      }
    }
  }

 private:
  float value_;
  std::int64_t steps_, features_;
  bool has_lengths_;
};

Shape masking_output_shape(const void*, std::span<const Shape> inputs, std::string_view where) {
  if (inputs[0].size() != 2) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "input of rank 3 (batch, time, features)",
                             .got = to_string(inputs[0]) + " a sample",
                             .remedy = "Add a time or a feature axis."});
  }
  return inputs[0];
}

std::unique_ptr<LayerPlan> masking_plan(const void* options, const LayerSizes& sizes) {
  return std::make_unique<MaskingPlan>(options_as<Masking>(options), sizes);
}

MaskRule makes_mask(const void*) { return MaskRule::makes; }

}  // namespace

const LayerSpec& masking_spec() {
  static const LayerSpec spec = {.class_name = "Masking",
                                 .auto_name = "masking",
                                 .access = options_access<Masking, visit_options>(),
                                 .output_shape = masking_output_shape,
                                 .weights = no_weights,
                                 .plan = masking_plan,
                                 .mask_rule = makes_mask,
                                 .is_identity = is_never_identity,
                                 .logits_of = no_logits,
                                 .flops = no_flops};
  return spec;
}

const LayerSpec& spec_of(const Masking&) { return masking_spec(); }

}  // namespace engram
