// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/elu.hpp"

#include "kernels/rectifiers.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(ELU& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("alpha", o.alpha, any());
}

class ELUPlan final : public LayerPlan {
 public:
  ELUPlan(const ELU& o, const LayerSizes& sizes) : alpha_(o.alpha), size_(size_of(sizes.output)) {}

  void forward(const SliceRun& run) const override {
    k::elu(alpha_, run.inputs[0].value, run.output.value, run.rows * size_);
  }

  void backward(const SliceRun& run) const override {
    if (const Signal& x = run.inputs[0]; x.gradient != nullptr) {
      k::elu_gradient(alpha_, x.value, run.output.gradient, x.gradient, run.rows * size_);
    }
  }

 private:
  float alpha_;
  std::int64_t size_;
};

}  // namespace

const LayerSpec& elu_spec() {
  static const LayerSpec spec = {.class_name = "ELU",
                                 .auto_name = "elu",
                                 .access = options_access<ELU, visit_options>(),
                                 .plan = make_plan<ELUPlan, ELU>};
  return spec;
}

const LayerSpec& spec_of(const ELU&) { return elu_spec(); }

}  // namespace engram
