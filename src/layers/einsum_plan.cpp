// SPDX-License-Identifier: Apache-2.0
#include "layers/einsum_plan.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/aligned.hpp"
#include "engram/layers/dense.hpp"
#include "kernels/dense.hpp"
#include "kernels/elementwise.hpp"
#include "layers/activation_pass.hpp"
#include "layers/chain_plan.hpp"
#include "layers/rearrange.hpp"
#include "layers/shapes.hpp"
#include "parts/functions.hpp"

namespace engram {

namespace k = kernels;

namespace {

using Places = EinsumEquation::Places;

/// The axes by what becomes of them: a matrix (rows, sums) times (sums, columns) for each group.
struct EinsumAxes {
  std::string groups;   ///< in input, kernel and output
  std::string rows;     ///< not in the kernel
  std::string sums;     ///< not in the output; those of the input alone are summed, too
  std::string columns;  ///< not in the input

  explicit EinsumAxes(const EinsumEquation& e)
      : groups(EinsumEquation::select(e.input, {{true, e.kernel}, {true, e.output}})),
        rows(EinsumEquation::select(e.input, {{false, e.kernel}, {true, e.output}})),
        sums(EinsumEquation::select(e.input, {{false, e.output}})),
        columns(EinsumEquation::select(e.output, {{false, e.input}})) {}

  std::string input() const { return groups + rows + sums; }

  std::string kernel() const { return groups + sums + columns; }

  std::string output() const { return groups + rows + columns; }

  /// The shape under which samples lie as matrices that end in these columns.
  Shape matrices(const EinsumEquation& e, std::string_view columns_of) const {
    const std::int64_t last = size_of(e.shape(columns_of));
    if (!groups.empty()) {
      return {size_of(e.shape(groups)), size_of(e.shape(rows)), last};
    }
    if (!rows.empty()) {
      return {e.length(rows[0]), size_of(e.shape(rows.substr(1))), last};
    }
    return {last};
  }
};

/// y = x W for each group; x lies as EinsumAxes::matrices. Packed, of each group: W, its transpose
/// for dx, and W as it is unless the kernel itself lies so.
class EinsumProductPlan final : public LayerPlan {
 public:
  EinsumProductPlan(const EinsumEquation& e, const EinsumAxes& axes, const LayerSizes& sizes)
      : groups_(size_of(e.shape(axes.groups))),
        rows_(size_of(e.shape(axes.rows))),
        K_(size_of(e.shape(axes.sums))),
        N_(size_of(e.shape(axes.columns))),
        needs_dx_(sizes.is_training && sizes.needs_input_gradient),
        forward_floats_(aligned_floats(k::packed_matrix_floats(K_, N_))),
        transposed_floats_(needs_dx_ ? aligned_floats(k::packed_matrix_floats(N_, K_)) : 0) {
    if (axes.kernel() != e.kernel) {
      const Places place(e, axes.kernel(), e.kernel);
      for (std::int64_t i = 0; i < place.size(); ++i) {
        places_.push_back(place(i));
      }
    }
  }

  std::int64_t packed_floats() const override { return groups_ * group_floats(); }

  std::int64_t pack_parts() const override { return groups_; }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t group) const override {
    float* to = packed + group * group_floats();
    const float* w = weights[0] + group * K_ * N_;
    if (is_moved()) {
      float* matrix = to + forward_floats_ + transposed_floats_;
      for (std::int64_t i = 0; i < K_ * N_; ++i) {
        matrix[i] = weights[0][place(group, i)];
      }
      w = matrix;
    }
    k::pack_matrix(w, K_, N_, N_, to);
    if (needs_dx_) {
      k::pack_transposed(w, N_, K_, N_, to + forward_floats_);
    }
  }

  // The gradient of one matrix of a kernel that lies in another order.
  std::int64_t workspace_floats() const override { return is_moved() ? matrix_floats() : 0; }

  void forward(const SliceRun& run) const override {
    const std::int64_t M = run.rows * rows_;
    for (std::int64_t group = 0; group < groups_; ++group) {
      k::product({.M = M,
                  .K = K_,
                  .N = N_,
                  .a = run.inputs[0].value + group * M * K_,
                  .lda = K_,
                  .packed = run.packed + group * group_floats(),
                  .c = run.output.value + group * M * N_,
                  .ldc = N_});
    }
  }

  void backward(const SliceRun& run) const override {
    const std::int64_t M = run.rows * rows_;
    for (std::int64_t group = 0; group < groups_; ++group) {
      const float* g = run.output.gradient + group * M * N_;
      if (run.gradients[0] != nullptr) {
        add_kernel_gradient(run, group, g);
      }
      if (needs_dx_) {
        k::product({.M = M,
                    .K = N_,
                    .N = K_,
                    .a = g,
                    .lda = N_,
                    .packed = run.packed + group * group_floats() + forward_floats_,
                    .c = run.inputs[0].gradient + group * M * K_,
                    .ldc = K_});
      }
    }
  }

 private:
  bool is_moved() const { return !places_.empty(); }

  std::int64_t matrix_floats() const { return aligned_floats(K_ * N_); }

  std::int64_t group_floats() const {
    return forward_floats_ + transposed_floats_ + (is_moved() ? matrix_floats() : 0);
  }

  /// Of value `i` of a group's matrix in the kernel.
  std::int64_t place(std::int64_t group, std::int64_t i) const {
    return places_[static_cast<std::size_t>(group * K_ * N_ + i)];
  }

  void add_kernel_gradient(const SliceRun& run, std::int64_t group, const float* g) const {
    const std::int64_t M = run.rows * rows_;
    float* dw = is_moved() ? run.workspace : run.gradients[0] + group * K_ * N_;
    std::fill_n(run.workspace, is_moved() ? K_ * N_ : 0, 0.0f);
    k::gradient_product({.M = M,
                         .K = K_,
                         .N = N_,
                         .a = run.inputs[0].value + group * M * K_,
                         .lda = K_,
                         .g = g,
                         .ldg = N_,
                         .dw = dw,
                         .lddw = N_});
    for (std::int64_t i = 0; i < (is_moved() ? K_ * N_ : 0); ++i) {
      run.gradients[0][place(group, i)] += dw[i];
    }
  }

  std::int64_t groups_, rows_, K_, N_;
  bool needs_dx_;
  std::int64_t forward_floats_, transposed_floats_;
  std::vector<std::int64_t> places_;  ///< none: groups, sums, columns
};

/// y = f(x + b), b the same along axes that it does not have.
class BiasPlan final : public LayerPlan {
 public:
  BiasPlan(const EinsumDense& o, const EinsumEquation& e, const LayerSizes& sizes)
      : activation_(o.activation),
        keeps_logits_(sizes.keeps_logits),
        keeps_input_(sizes.is_training && activation_.keeps_input()),
        output_(sizes.output),
        columns_(sizes.output.empty() ? 1 : sizes.output.back()),
        values_(aligned_floats(output_.size() * sizes.rows)) {
    const Places place(e, e.output, e.bias);
    for (std::int64_t i = 0; i < (o.bias_axes ? place.size() : 0); ++i) {
      places_.push_back(place(i));
    }
  }

  // The pre-activation if backward needs it, then the gradient by it; a sample's biases.
  std::int64_t workspace_floats() const override {
    return values_ + static_cast<std::int64_t>(places_.size());
  }

  void forward(const SliceRun& run) const override {
    float* pre = keeps_logits_ ? run.output.logits : run.output.value;
    pre = keeps_input_ ? run.workspace : pre;
    std::copy_n(run.inputs[0].value, output_.size() * run.rows, pre);
    float* biases = run.workspace + values_;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      biases[i] = run.weights[0][places_[i]];
    }
    each_step(run,
              [&](float* of_step, std::int64_t at) { k::add(of_step, pre + at, output_.inner); });
    activation_.forward(pre, run.output.value, vectors(run), columns_);
  }

  void backward(const SliceRun& run) const override {
    const float* g =
        activation_.backward(run, run.workspace, run.workspace, vectors(run), columns_);
    std::copy_n(g, output_.size() * run.rows, run.inputs[0].gradient);
    if (places_.empty() || run.gradients[0] == nullptr) {
      return;
    }
    float* sums = run.workspace + values_;
    std::fill_n(sums, places_.size(), 0.0f);
    each_step(run,
              [&](float* of_step, std::int64_t at) { k::add(g + at, of_step, output_.inner); });
    for (std::size_t i = 0; i < places_.size(); ++i) {
      run.gradients[0][places_[i]] += sums[i];
    }
  }

 private:
  /// Visit(the step's part of a sample's biases, place of the step's values in the signal).
  template <class Visit>
  void each_step(const SliceRun& run, const Visit& visit) const {
    for (std::int64_t step = 0; step < (places_.empty() ? 0 : output_.steps); ++step) {
      for (std::int64_t row = 0; row < run.rows; ++row) {
        visit(run.workspace + values_ + step * output_.inner,
              (step * run.rows + row) * output_.inner);
      }
    }
  }

  std::int64_t vectors(const SliceRun& run) const { return output_.size() * run.rows / columns_; }

  ActivationPass activation_;
  bool keeps_logits_, keeps_input_;
  TimeMajor output_;
  std::int64_t columns_, values_;
  std::vector<std::int64_t> places_;  ///< of a sample's values in the bias
};

/// The axes `from` of a sample in the order `to`, the same ones, under another shape.
std::unique_ptr<LayerPlan> moving_axes(const EinsumEquation& e,
                                       std::string_view from,
                                       std::string_view to,
                                       const LayerSizes& sizes) {
  std::int64_t size = std::gcd(TimeMajor(sizes.inputs[0]).inner, TimeMajor(sizes.output).inner);
  std::size_t common = 0;
  while (common < to.size() && from[from.size() - 1 - common] == to[to.size() - 1 - common]) {
    ++common;
  }
  size = std::gcd(size, size_of(e.shape(to.substr(to.size() - common))));
  const Places place(e, to, from);
  return rearrangement_plan(
      sizes, {.size = size, .source = [&](std::int64_t i) { return place(i * size) / size; }});
}

bool lies_alike(const Shape& a, const Shape& b) { return TimeMajor(a).steps == TimeMajor(b).steps; }

/// Puts the links of an EinsumDense together.
class EinsumChain {
 public:
  EinsumChain(const EinsumDense& o, const LayerSizes& sizes)
      : o_(o), sizes_(sizes), e_(o, sizes.inputs[0], "EinsumDense"), axes_(e_) {}

  std::unique_ptr<LayerPlan> plan() {
    const Shape x = axes_.matrices(e_, axes_.sums), y = axes_.matrices(e_, axes_.columns);
    if (e_.input != axes_.input() || !lies_alike(sizes_.inputs[0], x)) {
      const LayerSizes sizes = between(sizes_.inputs[0], x);
      add(moving_axes(e_, e_.input, axes_.input(), sizes), 0, x, sizes_.needs_input_gradient);
    }
    const bool is_in_place = e_.output == axes_.output() && lies_alike(sizes_.output, y);
    if (is_in_place && is_dense()) {
      LayerSizes sizes = between(x, y);
      sizes.keeps_logits = sizes_.keeps_logits;
      const Dense dense{
          .units = y.back(), .activation = o_.activation, .use_bias = o_.bias_axes.has_value()};
      add(spec_of(dense).plan(&dense, sizes), o_.bias_axes ? 2 : 1, y);
    } else {
      add(std::make_unique<EinsumProductPlan>(e_, axes_, between(x, y)), 1, y);
      if (!is_in_place) {
        add(moving_axes(e_, axes_.output(), e_.output, between(y, sizes_.output)),
            0,
            sizes_.output);
      }
      add(std::make_unique<BiasPlan>(o_, e_, sizes_), o_.bias_axes ? 1 : 0, sizes_.output);
    }
    return std::make_unique<ChainPlan>(std::move(links_), sizes_);
  }

 private:
  /// Whether kernel, bias and activation are those of a Dense on the last axis.
  bool is_dense() const {
    return axes_.groups.empty() && e_.kernel == axes_.kernel() &&
           (!o_.bias_axes || e_.bias == axes_.columns) &&
           (axes_.columns.size() == 1 || function_of(o_.activation).has_value());
  }

  LayerSizes between(const Shape& input, const Shape& output) const {
    LayerSizes sizes = sizes_;
    sizes.inputs = {input};
    sizes.output = output;
    sizes.keeps_logits = false;
    return sizes;
  }

  void add(std::unique_ptr<LayerPlan> plan,
           std::size_t weights,
           const Shape& output,
           bool needs_gradient = true) {
    links_.push_back({.plan = std::move(plan),
                      .weights = weights,
                      .output = output,
                      .needs_gradient = needs_gradient});
  }

  const EinsumDense& o_;
  const LayerSizes& sizes_;
  EinsumEquation e_;
  EinsumAxes axes_;
  std::vector<ChainLink> links_;
};

}  // namespace

std::unique_ptr<LayerPlan> einsum_plan(const EinsumDense& o, const LayerSizes& sizes) {
  return EinsumChain(o, sizes).plan();
}

}  // namespace engram
