// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/leaky_relu.hpp"

#include "kernels/rectifiers.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(LeakyReLU& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("negative_slope", o.negative_slope, at_least(0));
}

class LeakyReLUPlan final : public LayerPlan {
 public:
  LeakyReLUPlan(const LeakyReLU& o, const LayerSizes& sizes)
      : rectifier_{.negative_slope = o.negative_slope}, size_(size_of(sizes.output)) {}

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

const LayerSpec& leaky_relu_spec() {
  static const LayerSpec spec = {.class_name = "LeakyReLU",
                                 .auto_name = "leaky_re_lu",
                                 .access = options_access<LeakyReLU, visit_options>(),
                                 .plan = make_plan<LeakyReLUPlan, LeakyReLU>};
  return spec;
}

const LayerSpec& spec_of(const LeakyReLU&) { return leaky_relu_spec(); }

}  // namespace engram
