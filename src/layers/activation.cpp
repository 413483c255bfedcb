// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/activation.hpp"

#include <algorithm>

#include "layers/activation_pass.hpp"

namespace engram {

namespace {

void visit_options(ActivationLayer& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("activation", o.activation);
}

class ActivationLayerPlan final : public LayerPlan {
 public:
  ActivationLayerPlan(const ActivationLayer& o, const LayerSizes& sizes)
      : activation_(o.activation),
        columns_(sizes.output.back()),
        places_(size_of(sizes.output) / columns_),
        keeps_logits_(sizes.keeps_logits) {}

  void forward(const SliceRun& run) const override {
    const std::int64_t rows = run.rows * places_;
    const float* x = run.inputs[0].value;
    if (keeps_logits_) {
      std::copy_n(x, rows * columns_, run.output.logits);
    }
    activation_.forward(x, run.output.value, rows, columns_);
  }

  void backward(const SliceRun& run) const override {
    if (float* dx = run.inputs[0].gradient; dx != nullptr) {
      const std::int64_t rows = run.rows * places_;
      const float* g = activation_.backward(run, run.inputs[0].value, dx, rows, columns_);
      if (g != dx) {
        std::copy_n(g, rows * columns_, dx);
      }
    }
  }

 private:
  ActivationPass activation_;
  std::int64_t columns_, places_;
  bool keeps_logits_;
};

LogitsOf activation_logits(const void* options) {
  return logits_behind(options_as<ActivationLayer>(options).activation);
}

}  // namespace

const LayerSpec& activation_spec() {
  static const LayerSpec spec = {.class_name = "Activation",
                                 .auto_name = "activation",
                                 .access = options_access<ActivationLayer, visit_options>(),
                                 .plan = make_plan<ActivationLayerPlan, ActivationLayer>,
                                 .logits_of = activation_logits};
  return spec;
}

const LayerSpec& spec_of(const ActivationLayer&) { return activation_spec(); }

}  // namespace engram
