// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/relu.hpp"

#include "kernels/rectifiers.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(ReLU& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("max_value", o.max_value, at_least(0));
  v.option("negative_slope", o.negative_slope, at_least(0));
  v.option("threshold", o.threshold, at_least(0));
}

class ReLUPlan final : public LayerPlan {
 public:
  ReLUPlan(const ReLU& o, const LayerSizes& sizes)
      : rectifier_{.max_value = o.max_value.value_or(k::Rectifier().max_value),
                   .negative_slope = o.negative_slope,
                   .threshold = o.threshold},
        size_(size_of(sizes.output)) {}

  void forward(const SliceRun& run) const override {
    k::rectify(rectifier_, run.inputs[0].value, run.output.value, run.rows * size_);
  }

  void backward(const SliceRun& run) const override {
    if (const Signal& x = run.inputs[0]; x.gradient != nullptr) {
      k::rectify_gradient(rectifier_, x.value, run.output.gradient, x.gradient, run.rows * size_);
    }
  }

 private:
  k::Rectifier rectifier_;
  std::int64_t size_;
};

}  // namespace

const LayerSpec& relu_spec() {
  static const LayerSpec spec = {.class_name = "ReLU",
                                 .auto_name = "re_lu",
                                 .access = options_access<ReLU, visit_options>(),
                                 .plan = make_plan<ReLUPlan, ReLU>};
  return spec;
}

const LayerSpec& spec_of(const ReLU&) { return relu_spec(); }

}  // namespace engram
