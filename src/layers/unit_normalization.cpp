// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/unit_normalization.hpp"

#include "kernels/normalize.hpp"
#include "layers/layer_spec.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

void visit_options(UnitNormalization& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("axis", o.axis, any());
}

class UnitNormalizationPlan final : public LayerPlan {
 public:
  UnitNormalizationPlan(const UnitNormalization&, const LayerSizes& sizes)
      : C_(sizes.output.back()), places_(size_of(sizes.output) / C_) {}

  void forward(const SliceRun& run) const override {
    kernels::unit_rows(run.inputs[0].value, run.output.value, run.rows * places_, C_);
  }

  void backward(const SliceRun& run) const override {
    const Signal& x = run.inputs[0];
    if (x.gradient != nullptr) {
      kernels::unit_rows_gradient(
          x.value, run.output.value, run.output.gradient, x.gradient, run.rows * places_, C_);
    }
  }

 private:
  std::int64_t C_, places_;
};

Shape unit_normalization_output_shape(const void* options,
                                      std::span<const Shape> inputs,
                                      std::string_view where) {
  require_last_axis(options_as<UnitNormalization>(options).axis, inputs[0], where);
  return inputs[0];
}

}  // namespace

const LayerSpec& unit_normalization_spec() {
  static const LayerSpec spec = {.class_name = "UnitNormalization",
                                 .auto_name = "unit_normalization",
                                 .access = options_access<UnitNormalization, visit_options>(),
                                 .output_shape = unit_normalization_output_shape,
                                 .plan = make_plan<UnitNormalizationPlan, UnitNormalization>};
  return spec;
}

const LayerSpec& spec_of(const UnitNormalization&) { return unit_normalization_spec(); }

}  // namespace engram
