// SPDX-License-Identifier: Apache-2.0
/// A convolution, whatever its operation, between its input and its activation.
#pragma once

#include <algorithm>

#include "base/aligned.hpp"
#include "kernels/depthwise.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/normalize.hpp"
#include "layers/activation_pass.hpp"
#include "layers/patch_products.hpp"

namespace engram {

/// What the operations are told.
struct ConvolutionSizes {
  kernels::Windows windows;
  std::int64_t input = 0, output = 0;  ///< values of a sample
  std::int64_t channels = 0, filters = 0, groups = 1, rows = 0;
  bool use_bias = true, is_training = false, needs_dx = false;
};

/// Operation: packed_floats, pack_parts, pack(kernel, packed, part), workspace_floats,
/// forward(run, z, workspace) from run.inputs[0] to z, and backward(run, dz, workspace), which adds
/// the weights' gradients and, into zeros, that of the input.
class PlainConvolution {
 public:
  explicit PlainConvolution(const ConvolutionSizes& s)
      : use_bias_(s.use_bias),
        products_({.windows = s.windows,
                   .filters = s.filters,
                   .groups = s.groups,
                   .rows = s.rows,
                   .gives_images = s.needs_dx}) {}

  std::int64_t packed_floats() const { return products_.packed_floats(); }

  std::int64_t pack_parts() const { return 2; }

  void pack(const float* kernel, float* packed, std::int64_t part) const {
    products_.pack(kernel, packed, part);
  }

  std::int64_t workspace_floats() const { return products_.workspace_floats(); }

  void forward(const SliceRun& run, float* z, float* workspace) const {
    const float* bias = use_bias_ ? run.weights[1] : nullptr;
    products_.to_windows(run.rows, run.inputs[0].value, run.packed, bias, z, workspace);
  }

  void backward(const SliceRun& run, const float* dz, float* workspace) const {
    const Signal& x = run.inputs[0];
    if (run.gradients[0] != nullptr) {
      float* dbias = use_bias_ ? run.gradients[1] : nullptr;
      products_.gradient(run.rows, x.value, dz, run.gradients[0], dbias, workspace);
    }
    if (x.gradient != nullptr) {
      products_.to_images(run.rows, dz, run.packed, x.gradient, workspace);
    }
  }

 private:
  bool use_bias_;
  PatchProducts products_;
};

/// The plain one turned round: its windows lie on the result, and there are as many as input
/// places.
class TransposedConvolution {
 public:
  explicit TransposedConvolution(const ConvolutionSizes& s)
      : use_bias_(s.use_bias),
        filters_(s.filters),
        places_(s.output / s.filters),
        products_({.windows = s.windows,
                   .filters = s.channels,
                   .rows = s.rows,
                   .gives_windows = s.needs_dx,
                   .gives_images = true}) {}

  std::int64_t packed_floats() const { return products_.packed_floats(); }

  std::int64_t pack_parts() const { return 2; }

  void pack(const float* kernel, float* packed, std::int64_t part) const {
    products_.pack(kernel, packed, part);
  }

  std::int64_t workspace_floats() const {
    return std::max(products_.workspace_floats(), aligned_floats(filters_));
  }

  void forward(const SliceRun& run, float* z, float* workspace) const {
    for (std::int64_t i = 0; i < run.rows * places_; ++i) {
      if (use_bias_) {
        std::copy_n(run.weights[1], filters_, z + i * filters_);
      } else {
        std::fill_n(z + i * filters_, filters_, 0.0f);
      }
    }
    products_.to_images(run.rows, run.inputs[0].value, run.packed, z, workspace);
  }

  void backward(const SliceRun& run, const float* dz, float* workspace) const {
    const Signal& x = run.inputs[0];
    if (run.gradients[0] != nullptr) {
      products_.gradient(run.rows, dz, x.value, run.gradients[0], nullptr, workspace);
    }
    if (use_bias_ && run.gradients[1] != nullptr) {
      kernels::column_sums({.x = dz}, workspace, run.rows * places_, filters_);
      kernels::add(workspace, run.gradients[1], filters_);
    }
    if (x.gradient != nullptr) {
      products_.to_windows(run.rows, dz, run.packed, nullptr, x.gradient, workspace);
    }
  }

 private:
  bool use_bias_;
  std::int64_t filters_, places_;
  PatchProducts products_;
};

class DepthwiseConvolution {
 public:
  explicit DepthwiseConvolution(const ConvolutionSizes& s)
      : use_bias_(s.use_bias),
        windows_(s.windows),
        filters_(s.filters),
        places_(s.output / s.filters) {}

  std::int64_t packed_floats() const { return 0; }

  std::int64_t pack_parts() const { return 0; }

  void pack(const float*, float*, std::int64_t) const {}

  std::int64_t workspace_floats() const { return aligned_floats(filters_); }

  void forward(const SliceRun& run, float* z, float*) const {
    const float* bias = use_bias_ ? run.weights[1] : nullptr;
    kernels::depthwise(depthwise(run), run.inputs[0].value, run.weights[0], bias, z);
  }

  void backward(const SliceRun& run, const float* dz, float* workspace) const {
    const Signal& x = run.inputs[0];
    kernels::depthwise_gradient(
        depthwise(run), x.value, run.weights[0], dz, run.gradients[0], x.gradient);
    if (use_bias_ && run.gradients[1] != nullptr) {
      kernels::column_sums({.x = dz}, workspace, run.rows * places_, filters_);
      kernels::add(workspace, run.gradients[1], filters_);
    }
  }

 private:
  kernels::Depthwise depthwise(const SliceRun& run) const {
    return {.windows = windows_, .rows = run.rows, .multiplier = filters_ / windows_.channels};
  }

  bool use_bias_;
  kernels::Windows windows_;
  std::int64_t filters_, places_;
};

template <class Operation>
class ConvolutionPlan final : public LayerPlan {
 public:
  ConvolutionPlan(const ConvolutionSizes& s, Activation activation, bool keeps_logits)
      : operation_(s),
        activation_(activation),
        keeps_logits_(keeps_logits),
        keeps_input_(s.is_training && activation_.keeps_input()),
        filters_(s.filters),
        places_(s.output / s.filters),
        input_(s.input),
        values_(s.is_training ? aligned_floats(s.rows * s.output) : 0) {}

  std::int64_t packed_floats() const override { return operation_.packed_floats(); }

  std::int64_t pack_parts() const override { return operation_.pack_parts(); }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    operation_.pack(weights[0], packed, part);
  }

  // The pre-activation if backward needs it, then the gradient by it; behind it the operation's.
  std::int64_t workspace_floats() const override { return values_ + operation_.workspace_floats(); }

  void forward(const SliceRun& run) const override {
    float* pre = keeps_logits_ ? run.output.logits : run.output.value;
    pre = keeps_input_ ? run.workspace : pre;
    operation_.forward(run, pre, run.workspace + values_);
    activation_.forward(pre, run.output.value, run.rows * places_, filters_);
  }

  void backward(const SliceRun& run) const override {
    float* pre = run.workspace;
    const float* dz = activation_.backward(run, pre, pre, run.rows * places_, filters_);
    if (run.inputs[0].gradient != nullptr) {
      std::fill_n(run.inputs[0].gradient, run.rows * input_, 0.0f);
    }
    operation_.backward(run, dz, run.workspace + values_);
  }

 private:
  Operation operation_;
  ActivationPass activation_;
  bool keeps_logits_, keeps_input_;
  std::int64_t filters_, places_, input_, values_;
};

}  // namespace engram
