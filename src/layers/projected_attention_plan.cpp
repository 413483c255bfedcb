// SPDX-License-Identifier: Apache-2.0
/// Attention of projections, forward and backward: row by row and head by head.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/aligned.hpp"
#include "kernels/dense.hpp"
#include "kernels/elementwise.hpp"
#include "layers/activity.hpp"
#include "layers/attention_head.hpp"
#include "layers/attention_kernels.hpp"

namespace engram {

namespace k = kernels;

namespace {

/// A projection of all steps of a slice: (steps * rows, K) times a kernel (K, N), with a bias.
struct Projection {
  AttentionPart part = kQuery;
  std::int64_t steps = 0, K = 0, N = 0;
  std::size_t weight = 0;                   ///< place of its kernel; the bias follows
  std::int64_t packed = 0, transposed = 0;  ///< places among the packed floats
  std::int64_t result = 0, gradient = 0;    ///< places in the workspace, of (steps, rows, N)
};

/// Letters: Q queries, V values, H heads of the query, G of key and value, K features of a key, E
/// of a value.
class ProjectedAttentionPlan final : public LayerPlan {
 public:
  ProjectedAttentionPlan(const ProjectedAttention& o, const LayerSizes& sizes)
      : o_(o),
        Q_(sizes.inputs[0][0]),
        V_(sizes.inputs[1][0]),
        H_(o.heads),
        G_(o.key_value_heads),
        K_(o.key_dim),
        E_(o.value_dim),
        rows_(sizes.rows),
        is_training_(sizes.is_training),
        drops_(sizes.is_training && o.dropout > 0),
        // Keras computes these without a softmax layer, which would clear rows without any value.
        is_fused_(o.dropout == 0 && !o.return_attention_scores),
        has_key_(sizes.inputs.size() > 2),
        head_(Q_, V_, K_, E_) {
    std::size_t weight = 0;
    for (const AttentionKernel& kernel : attention_kernels(o, sizes.inputs)) {
      const std::int64_t N = kernel.heads * kernel.width;
      Projection p{.part = kernel.part, .K = kernel.features, .N = N, .weight = weight};
      if (kernel.is_turned) {
        std::swap(p.K, p.N);
      }
      p.steps = kernel.part == kKey || kernel.part == kValue ? V_ : Q_;
      add(p);
      weight += o.use_bias ? 2 : 1;
    }
    mixed_ = place(Q_ * rows_ * H_ * E_);
    dmixed_ = place(is_training_ ? Q_ * rows_ * H_ * E_ : 0);
    gated_ = place(o.use_gate ? Q_ * rows_ * H_ * E_ : 0);
    scores_ = aligned_floats(Q_ * V_);
    weights_ = place(scores_ * H_ * rows_ * (drops_ ? 3 : 1));
    scratch_ = place(head_.scratch_floats() + 2 * scores_);
    share_ = place(
        is_training_ ? rows_ * std::max(Q_ * sizes.inputs[0][1], V_ * sizes.inputs.back()[1]) : 0);
  }

  std::int64_t packed_floats() const override { return packed_; }

  std::int64_t pack_parts() const override {
    return static_cast<std::int64_t>(projections_.size()) * (is_training_ ? 2 : 1);
  }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    const auto count = static_cast<std::int64_t>(projections_.size());
    const Projection& p = projections_[static_cast<std::size_t>(part % count)];
    if (part < count) {
      k::pack_matrix(weights[p.weight], p.K, p.N, p.N, packed + p.packed);
    } else {
      k::pack_transposed(weights[p.weight], p.N, p.K, p.N, packed + p.transposed);
    }
  }

  std::int64_t workspace_floats() const override { return floats_; }

  void forward(const SliceRun& run) const override {
    project(run, kQuery, run.inputs[0].value, result(run, kQuery));
    project(run, kKey, run.inputs[key()].value, result(run, kKey));
    project(run, kValue, run.inputs[1].value, result(run, kValue));
    for (std::int64_t row = 0; row < run.rows; ++row) {
      for (std::int64_t head = 0; head < H_; ++head) {
        attend(run, row, head);
      }
    }
    if (o_.use_gate) {
      const std::int64_t n = Q_ * run.rows * H_ * E_;
      float* gate = result(run, kGate);
      project(run, kGate, run.inputs[0].value, gate);
      k::multiply(run.workspace + mixed_, gate, run.workspace + gated_, n);
    }
    project(run, kResult, run.workspace + into_result(), run.output.value);
  }

  void backward(const SliceRun& run) const override {
    penalize_back(run, kResult, run.output.value, run.output.gradient);
    const float* dy = run.output.gradient;
    float* dmixed = run.workspace + dmixed_;
    weights_gradient(run, kResult, run.workspace + into_result(), dy);
    project_back(run, kResult, dy, dmixed);
    if (o_.use_gate) {
      const std::int64_t n = Q_ * run.rows * H_ * E_;
      k::multiply(run.workspace + mixed_, dmixed, run.workspace + of(kGate).gradient, n);
      k::multiply(dmixed, result(run, kGate), dmixed, n);
    }
    for (const AttentionPart part : {kKey, kValue}) {
      const Projection& p = of(part);
      std::fill_n(run.workspace + p.gradient, p.steps * run.rows * p.N, 0.0f);
    }
    for (std::int64_t row = 0; row < run.rows; ++row) {
      for (std::int64_t head = 0; head < H_; ++head) {
        attend_back(run, row, head);
      }
    }
    input_gradient(run, kQuery, 0, false);
    if (o_.use_gate) {
      input_gradient(run, kGate, 0, true);
    }
    input_gradient(run, kValue, 1, false);
    input_gradient(run, kKey, key(), !has_key_);
  }

 private:
  const Projection& of(AttentionPart part) const { return projections_[places_[part]]; }

  /// What the last projection takes.
  std::int64_t into_result() const { return o_.use_gate ? gated_ : mixed_; }

  void add(Projection p) {
    p.packed = std::exchange(packed_, packed_ + aligned_floats(k::packed_matrix_floats(p.K, p.N)));
    if (is_training_) {
      const std::int64_t floats = aligned_floats(k::packed_matrix_floats(p.N, p.K));
      p.transposed = std::exchange(packed_, packed_ + floats);
    }
    if (p.part != kResult) {
      p.result = place(p.steps * rows_ * p.N);
      p.gradient = place(is_training_ ? p.steps * rows_ * p.N : 0);
    }
    places_[p.part] = projections_.size();
    projections_.push_back(p);
  }

  std::int64_t place(std::int64_t floats) {
    return std::exchange(floats_, floats_ + aligned_floats(floats));
  }

  std::size_t key() const { return has_key_ ? 2 : 1; }

  float* result(const SliceRun& run, AttentionPart part) const {
    return run.workspace + of(part).result;
  }

  /// The columns from `first` of one row in an array (steps, rows, columns).
  template <class Matrix>
  Matrix part_of(const SliceRun& run,
                 float* array,
                 std::int64_t row,
                 std::int64_t first,
                 std::int64_t columns) const {
    return {array + row * columns + first, run.rows * columns};
  }

  /// Where the head of the query finds its columns in a projection.
  std::int64_t columns_at(AttentionPart part, std::int64_t head) const {
    return part == kQuery ? head * K_ : head * G_ / H_ * (part == kKey ? K_ : E_);
  }

  ConstMatrixAt projected(const SliceRun& run,
                          AttentionPart part,
                          std::int64_t row,
                          std::int64_t head) const {
    return part_of<ConstMatrixAt>(run, result(run, part), row, columns_at(part, head), of(part).N);
  }

  MatrixAt gradient_of(const SliceRun& run,
                       AttentionPart part,
                       std::int64_t row,
                       std::int64_t head) const {
    return part_of<MatrixAt>(
        run, run.workspace + of(part).gradient, row, columns_at(part, head), of(part).N);
  }

  // The arrays of a row and head: the weights; with dropout, those after it, and its factors.
  float* weights(const SliceRun& run, std::int64_t row, std::int64_t head) const {
    return run.workspace + weights_ + (row * H_ + head) * scores_ * (drops_ ? 3 : 1);
  }

  float* dropped(const SliceRun& run, std::int64_t row, std::int64_t head) const {
    return weights(run, row, head) + (drops_ ? scores_ : 0);
  }

  float* factors(const SliceRun& run, std::int64_t row, std::int64_t head) const {
    return weights(run, row, head) + 2 * scores_;
  }

  float scale() const { return 1 / std::sqrt(static_cast<float>(K_)); }

  k::ScoreMask mask_of(const SliceRun& run, std::int64_t row) const {
    k::ScoreMask mask = score_mask(run, row);
    mask.is_causal = o_.use_causal_mask;
    mask.window = o_.sliding_window.value_or(0);
    return mask;
  }

  void project(const SliceRun& run, AttentionPart part, const float* x, float* y) const {
    const Projection& p = of(part);
    k::product({.M = p.steps * run.rows,
                .K = p.K,
                .N = p.N,
                .a = x,
                .lda = p.K,
                .packed = run.packed + p.packed,
                .bias = o_.use_bias ? run.weights[p.weight + 1] : nullptr,
                .c = y,
                .ldc = p.N});
    if (part == kGate) {
      k::apply(k::Function::sigmoid, y, y, p.steps * run.rows * p.N);
    }
    penalize(o_.activity_regularizer, run, y, p.steps * p.N);
  }

  void penalize_back(const SliceRun& run, AttentionPart part, const float* y, float* dy) const {
    const Projection& p = of(part);
    add_penalty_gradient(o_.activity_regularizer, run, y, p.steps * p.N, dy);
  }

  void project_back(const SliceRun& run, AttentionPart part, const float* dy, float* dx) const {
    const Projection& p = of(part);
    k::product({.M = p.steps * run.rows,
                .K = p.N,
                .N = p.K,
                .a = dy,
                .lda = p.N,
                .packed = run.packed + p.transposed,
                .c = dx,
                .ldc = p.K});
  }

  void weights_gradient(const SliceRun& run,
                        AttentionPart part,
                        const float* x,
                        const float* dy) const {
    const Projection& p = of(part);
    if (run.gradients[p.weight] != nullptr) {
      k::gradient_product({.M = p.steps * run.rows,
                           .K = p.K,
                           .N = p.N,
                           .a = x,
                           .lda = p.K,
                           .g = dy,
                           .ldg = p.N,
                           .dw = run.gradients[p.weight],
                           .lddw = p.N,
                           .dbias = o_.use_bias ? run.gradients[p.weight + 1] : nullptr});
    }
  }

  /// The gradients of a projection's weights and of its input, which are added to what is there or
  /// take its place.
  void input_gradient(const SliceRun& run, AttentionPart part, std::size_t input, bool adds) const {
    const Projection& p = of(part);
    float* dy = run.workspace + p.gradient;
    penalize_back(run, part, result(run, part), dy);
    if (part == kGate) {
      k::apply_gradient(k::Function::sigmoid, result(run, part), dy, dy, p.steps * run.rows * p.N);
    }
    weights_gradient(run, part, run.inputs[input].value, dy);
    if (float* dx = run.inputs[input].gradient; dx != nullptr && adds) {
      project_back(run, part, dy, run.workspace + share_);
      k::add(run.workspace + share_, dx, p.steps * run.rows * p.K);
    } else if (dx != nullptr) {
      project_back(run, part, dy, dx);
    }
  }

  void attend(const SliceRun& run, std::int64_t row, std::int64_t head) const {
    float *scratch = run.workspace + scratch_, *kept = weights(run, row, head);
    head_.scores(projected(run, kQuery, row, head), projected(run, kKey, row, head), kept, scratch);
    k::scale_and_mask(kept, Q_, V_, scale(), mask_of(run, row));
    k::softmax(kept, kept, Q_, V_);
    if (!is_fused_) {
      k::scale_and_clear(kept, Q_, V_, 1, mask_of(run, row));
    }
    if (drops_) {
      const k::DropoutKey drop = {
          .seed = run.seed + static_cast<std::uint64_t>(o_.seed.value_or(0)),
          .step = run.step,
          .layer = run.position * 16u,
          .row = static_cast<std::uint32_t>(run.first_row + row)};
      // Each head goes on in the row's stream from a multiple of 16.
      k::dropout_factors(factors(run, row, head), Q_ * V_, o_.dropout, drop, head * scores_);
      k::multiply(kept, factors(run, row, head), dropped(run, row, head), Q_ * V_);
    }
    head_.mix(dropped(run, row, head),
              projected(run, kValue, row, head),
              part_of<MatrixAt>(run, run.workspace + mixed_, row, head * E_, H_ * E_),
              scratch);
    if (!run.more_outputs.empty()) {
      std::copy_n(kept, Q_ * V_, run.more_outputs[0].value + (head * run.rows + row) * Q_ * V_);
    }
  }

  void attend_back(const SliceRun& run, std::int64_t row, std::int64_t head) const {
    float* scratch = run.workspace + scratch_;
    float *d = scratch + head_.scratch_floats(), *ds = d + scores_;
    head_.mix_gradient(
        dropped(run, row, head),
        projected(run, kValue, row, head),
        part_of<ConstMatrixAt>(run, run.workspace + dmixed_, row, head * E_, H_ * E_),
        d,
        gradient_of(run, kValue, row, head),
        scratch);
    if (drops_) {
      k::multiply(d, factors(run, row, head), d, Q_ * V_);
    }
    if (!run.more_outputs.empty() && run.more_outputs[0].gradient != nullptr) {
      k::add(run.more_outputs[0].gradient + (head * run.rows + row) * Q_ * V_, d, Q_ * V_);
    }
    k::softmax_gradient(weights(run, row, head), d, ds, Q_, V_);
    k::scale_and_clear(ds, Q_, V_, scale(), mask_of(run, row));
    head_.scores_gradient(ds,
                          projected(run, kQuery, row, head),
                          projected(run, kKey, row, head),
                          gradient_of(run, kQuery, row, head),
                          gradient_of(run, kKey, row, head),
                          scratch);
  }

  ProjectedAttention o_;
  std::int64_t Q_, V_, H_, G_, K_, E_, rows_;
  bool is_training_, drops_, is_fused_, has_key_;
  AttentionHead head_;
  std::vector<Projection> projections_;
  std::array<std::size_t, kParts> places_{};  ///< of the parts among them
  std::int64_t packed_ = 0, floats_ = 0, scores_ = 0;
  std::int64_t mixed_ = 0, dmixed_ = 0, gated_ = 0, weights_ = 0, scratch_ = 0, share_ = 0;
};

}  // namespace

std::unique_ptr<LayerPlan> plan(const ProjectedAttention& o, const LayerSizes& sizes) {
  return std::make_unique<ProjectedAttentionPlan>(o, sizes);
}

}  // namespace engram
