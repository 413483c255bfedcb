// SPDX-License-Identifier: Apache-2.0
#include "layers/convolution.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "kernels/dense.hpp"

namespace engram {

namespace k = kernels;

namespace {

// Floats of the windows that are laid out at a time: they stay in a private cache (256 kB).
constexpr std::int64_t kPatchFloats = 65536;

class ConvolutionPlan final : public LayerPlan {
 public:
  ConvolutionPlan(const Convolution& c, const LayerSizes& sizes)
      : windows_(windows_of(c.windows, sizes.inputs[0], "")),
        filters_(c.filters),
        groups_(c.groups),
        use_bias_(c.use_bias),
        activation_(c.activation) {
    K_ = size_of(c.windows.size) * (windows_.channels / groups_);
    N_ = filters_ / groups_;
    needs_dx_ = sizes.is_training && sizes.needs_input_gradient;
    keeps_logits_ = sizes.keeps_logits;
    places_ = windows_.vertical.output * windows_.horizontal.output;
    input_ = size_of(sizes.inputs[0]);
    forward_floats_ = aligned_floats(k::packed_matrix_floats(K_, N_));
    transposed_floats_ = needs_dx_ ? aligned_floats(k::packed_matrix_floats(N_, K_)) : 0;
    const std::int64_t line = sizes.rows * windows_.horizontal.output * K_;
    chunk_ = std::clamp<std::int64_t>(kPatchFloats / line, 1, windows_.vertical.output);
    patches_ = aligned_floats(chunk_ * line);
    keeps_input_ = sizes.is_training && activation_.keeps_input();
    values_ = sizes.is_training ? aligned_floats(sizes.rows * places_ * filters_) : 0;
  }

  std::int64_t packed_floats() const override {
    return groups_ * (forward_floats_ + transposed_floats_);
  }

  std::int64_t pack_parts() const override { return needs_dx_ ? 2 : 1; }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    for (std::int64_t g = 0; g < groups_; ++g) {
      const float* kernel = weights[0] + g * N_;
      if (part == 0) {
        k::pack_matrix(kernel, K_, N_, filters_, packed + g * forward_floats_);
      } else {
        k::pack_transposed(kernel, N_, K_, filters_, transposed(packed, g));
      }
    }
  }

  // Windows as rows of a matrix; behind them the pre-activation if backward needs it, then the
  // gradient by it.
  std::int64_t workspace_floats() const override { return patches_ + values_; }

  void forward(const SliceRun& run) const override {
    float* pre = keeps_logits_ ? run.output.logits : run.output.value;
    pre = keeps_input_ ? run.workspace + patches_ : pre;
    each_part(run.rows,
              [&](const k::WindowRange& r, std::int64_t g, std::int64_t M, std::int64_t at) {
                k::gather_patches(windows_, r, run.inputs[0].value, run.workspace);
                k::product({.M = M,
                            .K = K_,
                            .N = N_,
                            .a = run.workspace,
                            .lda = K_,
                            .packed = run.packed + g * forward_floats_,
                            .bias = use_bias_ ? run.weights[1] + g * N_ : nullptr,
                            .c = pre + at,
                            .ldc = filters_});
              });
    activation_.forward(pre, run.output.value, run.rows * places_, filters_);
  }

  void backward(const SliceRun& run) const override {
    float* pre = run.workspace + patches_;
    const float* dz = activation_.backward(run, pre, pre, run.rows * places_, filters_);
    if (needs_dx_) {
      std::fill_n(run.inputs[0].gradient, run.rows * input_, 0.0f);
    }
    each_part(run.rows,
              [&](const k::WindowRange& r, std::int64_t g, std::int64_t M, std::int64_t at) {
                if (run.gradients[0] != nullptr) {
                  k::gather_patches(windows_, r, run.inputs[0].value, run.workspace);
                  k::gradient_product({.M = M,
                                       .K = K_,
                                       .N = N_,
                                       .a = run.workspace,
                                       .lda = K_,
                                       .g = dz + at,
                                       .ldg = filters_,
                                       .dw = run.gradients[0] + g * N_,
                                       .lddw = filters_,
                                       .dbias = use_bias_ ? run.gradients[1] + g * N_ : nullptr});
                }
                if (needs_dx_) {
                  k::product({.M = M,
                              .K = N_,
                              .N = K_,
                              .a = dz + at,
                              .lda = filters_,
                              .packed = transposed(run.packed, g),
                              .c = run.workspace,
                              .ldc = K_});
                  k::scatter_patches(windows_, r, run.workspace, run.inputs[0].gradient);
                }
              });
  }

 private:
  /// Visit(range of windows, group, its windows, place of its first result): part by part.
  template <class Visit>
  void each_part(std::int64_t rows, const Visit& visit) const {
    const std::int64_t line = rows * windows_.horizontal.output;
    const std::int64_t channels = windows_.channels / groups_;
    for (std::int64_t begin = 0; begin < windows_.vertical.output; begin += chunk_) {
      const std::int64_t end = std::min(begin + chunk_, windows_.vertical.output);
      for (std::int64_t g = 0; g < groups_; ++g) {
        const k::WindowRange range = {.rows = rows,
                                      .begin = begin,
                                      .end = end,
                                      .first_channel = g * channels,
                                      .channels = channels};
        visit(range, g, (end - begin) * line, begin * line * filters_ + g * N_);
      }
    }
  }

  template <class Float>
  Float* transposed(Float* packed, std::int64_t group) const {
    return packed + groups_ * forward_floats_ + group * transposed_floats_;
  }

  k::Windows windows_;
  std::int64_t filters_, groups_;
  bool use_bias_;
  ActivationPass activation_;
  std::int64_t K_ = 0, N_ = 0;  ///< of a group's product
  bool needs_dx_ = false, keeps_logits_ = false, keeps_input_ = false;
  std::int64_t places_ = 0, input_ = 0;  ///< windows and input values of a sample
  std::int64_t forward_floats_ = 0, transposed_floats_ = 0;
  std::int64_t chunk_ = 1, patches_ = 0, values_ = 0;
};

}  // namespace

Shape output_shape(const Convolution& c, const Shape& sample, std::string_view where) {
  const auto fail = [&]<class E>(E*, const std::string& expected, const std::string& got) {
    throw error<E>({.where = std::string(where), .expected = expected, .got = got});
  };
  if (c.filters % c.groups != 0) {
    fail(static_cast<OptionError*>(nullptr),
         fmt::format("filters a multiple of the {} groups", c.groups),
         fmt::format("{}", c.filters));
  }
  if (std::ranges::max(c.windows.strides) > 1 && std::ranges::max(c.windows.dilation_rate) > 1) {
    fail(static_cast<OptionError*>(nullptr),
         "strides or dilation_rate 1",
         to_string(c.windows.strides) + " and " + to_string(c.windows.dilation_rate));
  }
  const k::Windows windows = windows_of(c.windows, sample, where);
  if (windows.channels < 1 || windows.channels % c.groups != 0) {
    fail(static_cast<ShapeError*>(nullptr),
         fmt::format("features a multiple of the {} groups", c.groups),
         to_string(sample) + " a sample");
  }
  return windows_shape(windows, c.windows.size.size(), c.filters);
}

std::vector<WeightSpec> weights(const Convolution& c, const Shape& sample) {
  Shape kernel = c.windows.size;
  kernel.push_back(sample.back() / c.groups);
  kernel.push_back(c.filters);
  std::vector<WeightSpec> specs = {
      {.name = "kernel", .shape = std::move(kernel), .initializer = c.kernel_initializer}};
  if (c.use_bias) {
    specs.push_back({.name = "bias", .shape = {c.filters}, .initializer = c.bias_initializer});
  }
  return specs;
}

std::unique_ptr<LayerPlan> plan(const Convolution& c, const LayerSizes& sizes) {
  return std::make_unique<ConvolutionPlan>(c, sizes);
}

std::int64_t flops(const Convolution& c, const Shape& sample) {
  const k::Windows w = windows_of(c.windows, sample, "");
  return 2 * w.vertical.output * w.horizontal.output * size_of(c.windows.size) *
         (w.channels / c.groups) * c.filters;
}

}  // namespace engram
