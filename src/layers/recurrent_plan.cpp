// SPDX-License-Identifier: Apache-2.0
#include "layers/recurrent_plan.hpp"

#include <algorithm>

#include "base/aligned.hpp"
#include "base/phases.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/layout.hpp"
#include "parts/functions.hpp"

namespace engram {

namespace k = kernels;

namespace {

k::Function gate_function(Activation activation) {
  switch (activation.kind()) {
    case Activation::Kind::softmax:
      return k::Function::softmax;
    case Activation::Kind::log_softmax:
      return k::Function::log_softmax;
    default:
      return *function_of(activation);
  }
}

k::RecurrentSpec spec_of(const RecurrentOptions& o, const LayerSizes& sizes) {
  return {.cell = o.cell,
          .T = sizes.inputs[0][0],
          .D = sizes.inputs[0][1],
          .H = o.units,
          .S = sizes.rows,
          .P = o.proj_size,
          .activation = gate_function(o.activation),
          .recurrent_activation = gate_function(o.recurrent_activation),
          .use_bias = o.use_bias,
          .return_sequences = o.return_sequences,
          .go_backwards = o.go_backwards,
          .zero_output_for_mask = o.zero_output_for_mask,
          .keeps = sizes.is_training,
          .needs_dx = sizes.is_training && sizes.needs_input_gradient,
          .has_input_dropout = sizes.is_training && o.dropout > 0,
          .has_recurrent_dropout = sizes.is_training && o.recurrent_dropout > 0};
}

class RecurrentPlan final : public LayerPlan {
 public:
  RecurrentPlan(const RecurrentOptions& o, const LayerSizes& sizes)
      : o_(o), spec_(spec_of(o, sizes)), layout_(spec_) {
    masks_ = k::dropout_masks(spec_);
    workspace_ = aligned_floats(layout_.workspace_size);
    input_factors_ = spec_.has_input_dropout ? aligned_floats(masks_ * spec_.S * spec_.D) : 0;
    recurrent_factors_ =
        spec_.has_recurrent_dropout ? aligned_floats(masks_ * spec_.S * spec_.h_size()) : 0;
  }

  std::int64_t packed_floats() const override { return layout_.packed_size; }

  std::int64_t pack_parts() const override { return k::recurrent_pack_parts(layout_); }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    k::recurrent_pack(layout_,
                      {.kernel = weights[0],
                       .recurrent_kernel = weights[1],
                       .bias = o_.use_bias ? weights[2] : nullptr,
                       .projection_kernel = spec_.P > 0 ? weights.back() : nullptr},
                      packed,
                      part);
  }

  std::int64_t workspace_floats() const override {
    return workspace_ + input_factors_ + recurrent_factors_;
  }

  std::int64_t state_floats() const override {
    return spec_.h_size() + (spec_.cell == k::Cell::lstm ? spec_.H : 0);
  }

  void forward(const SliceRun& run) const override {
    const k::RecurrentForward a = arguments(run);
    fill(a.input_dropout, spec_.D, o_.dropout, 0, run);
    fill(a.recurrent_dropout, spec_.h_size(), o_.recurrent_dropout, 1, run);
    k::recurrent_forward(spec_, a);
    for (std::size_t i = 0; run.states != nullptr && i < run.more_outputs.size(); ++i) {
      std::copy_n(carried(run, i), run.rows * state_size(i), run.more_outputs[i].value);
    }
  }

  void backward(const SliceRun& run) const override {
    const k::RecurrentForward a = arguments(run);
    k::recurrent_backward(spec_,
                          {.forward = &a,
                           .dy = run.output.gradient,
                           .dh_last = gradient_of(run.more_outputs, 0),
                           .dc_last = gradient_of(run.more_outputs, 1),
                           .dh0 = gradient_of(run.inputs, 1),
                           .dc0 = gradient_of(run.inputs, 2),
                           .dx = spec_.needs_dx ? run.inputs[0].gradient : nullptr,
                           .dkernel = run.gradients[0],
                           .drecurrent_kernel = run.gradients[1],
                           .dbias = o_.use_bias ? run.gradients[2] : nullptr,
                           .dprojection_kernel = spec_.P > 0 ? run.gradients.back() : nullptr});
  }

 private:
  static float* gradient_of(std::span<const Signal> signals, std::size_t i) {
    return i < signals.size() ? signals[i].gradient : nullptr;
  }

  static float* value_of(std::span<const Signal> signals, std::size_t i) {
    return i < signals.size() ? signals[i].value : nullptr;
  }

  std::int64_t state_size(std::size_t i) const { return i == 0 ? spec_.h_size() : spec_.H; }

  /// State i of the slice's rows where it is carried, or null.
  float* carried(const SliceRun& run, std::size_t i) const {
    const bool has_state = i == 0 || spec_.cell == k::Cell::lstm;
    if (run.states == nullptr || !has_state) {
      return nullptr;
    }
    const std::int64_t before = i == 0 ? 0 : spec_.h_size() * run.state_rows;
    return run.states + before + run.first_row * state_size(i);
  }

  /// The states come from further inputs, or from where they are carried, and go there, or to
  /// further outputs. The backward pass does without them: the workspace keeps the first ones.
  k::RecurrentForward arguments(const SliceRun& run) const {
    float* input_factors = run.workspace + workspace_;
    const bool is_given = run.inputs.size() > 1;
    const bool is_carried = run.states != nullptr;
    return {
        .packed = run.packed,
        .rows = run.rows,
        .x = run.inputs[0].value,
        .mask = run.inputs[0].mask,
        .input_dropout = spec_.has_input_dropout ? input_factors : nullptr,
        .recurrent_dropout = spec_.has_recurrent_dropout ? input_factors + input_factors_ : nullptr,
        .h0 = is_given ? value_of(run.inputs, 1) : carried(run, 0),
        .c0 = is_given ? value_of(run.inputs, 2) : carried(run, 1),
        .y = run.output.value,
        .h_last = is_carried ? carried(run, 0) : value_of(run.more_outputs, 0),
        .c_last = is_carried ? carried(run, 1) : value_of(run.more_outputs, 1),
        .workspace = run.workspace};
  }

  /// Factors (masks, rows, n) of each row's own stream; the same at every step.
  void fill(const float* factors,
            std::int64_t n,
            float rate,
            std::uint64_t which,
            const SliceRun& run) const {
    if (factors == nullptr) {
      return;
    }
    const PhaseTimer timer(Phase::dropout);
    for (std::int64_t mask = 0; mask < masks_; ++mask) {
      for (std::int64_t row = 0; row < run.rows; ++row) {
        const k::DropoutKey key{.seed = run.seed + static_cast<std::uint64_t>(o_.seed.value_or(0)),
                                .step = run.step,
                                .layer = run.position * 16u +
                                         2u * static_cast<std::uint32_t>(mask) +
                                         static_cast<std::uint32_t>(which),
                                .row = static_cast<std::uint32_t>(run.first_row + row)};
        k::dropout_factors(const_cast<float*>(factors) + (mask * run.rows + row) * n, n, rate, key);
      }
    }
  }

  RecurrentOptions o_;
  k::RecurrentSpec spec_;
  k::Layout layout_;  ///< worked out once: weights are packed after each batch
  std::int64_t masks_ = 1;
  std::int64_t workspace_ = 0, input_factors_ = 0, recurrent_factors_ = 0;
};

}  // namespace

std::unique_ptr<LayerPlan> single_recurrent_plan(const RecurrentOptions& o,
                                                 const LayerSizes& sizes) {
  return std::make_unique<RecurrentPlan>(o, sizes);
}

}  // namespace engram
