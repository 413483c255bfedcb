// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/reversible_embedding.hpp"

#include <algorithm>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "kernels/dense.hpp"
#include "kernels/recurrent.hpp"  // Function
#include "layers/embedding_plan.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(ReversibleEmbedding& o, OptionVisitor& v) {
  visit_embedding(o, v);
  v.option("tie_weights", o.tie_weights);
  v.fixed("reverse_dtype", {});
  v.option("logit_soft_cap", o.logit_soft_cap, above(0));
  v.call_option("reverse", o.reverse);
}

/// y = x W over all rows and steps at once, W (D, V) the transposed table or one of its own.
/// Packed: W, then its transpose for dx.
class ReversePlan final : public LayerPlan {
 public:
  ReversePlan(const ReversibleEmbedding& o, const LayerSizes& sizes)
      : D_(o.output_dim),
        V_(o.input_dim),
        steps_(size_of(sizes.inputs[0]) / o.output_dim),
        is_tied_(o.tie_weights),
        cap_(o.logit_soft_cap),
        needs_dx_(sizes.is_training && sizes.needs_input_gradient),
        transposed_at_(aligned_floats(k::packed_matrix_floats(D_, V_))),
        values_(cap_ && sizes.is_training ? aligned_floats(steps_ * sizes.rows * V_) : 0) {}

  std::int64_t packed_floats() const override {
    return transposed_at_ + (needs_dx_ ? aligned_floats(k::packed_matrix_floats(V_, D_)) : 0);
  }

  std::int64_t pack_parts() const override { return needs_dx_ ? 2 : 1; }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    const float* w = weights[is_tied_ ? 0 : 1];
    const bool is_first = part == 0;
    const std::int64_t K = is_first ? D_ : V_, N = is_first ? V_ : D_;
    // The table lies as (V, D), a matrix of its own as (D, V).
    (is_first == is_tied_ ? k::pack_transposed : k::pack_matrix)(
        w, K, N, is_tied_ ? D_ : V_, packed + (is_first ? 0 : transposed_at_));
  }

  std::int64_t workspace_floats() const override { return values_; }  // the gradient by x W

  void forward(const SliceRun& run) const override {
    const std::int64_t rows = run.rows * steps_;
    float* y = run.output.value;
    k::product({.M = rows,
                .K = D_,
                .N = V_,
                .a = run.inputs[0].value,
                .lda = D_,
                .packed = run.packed,
                .c = y,
                .ldc = V_});
    if (cap_) {
      k::scale(y, 1 / *cap_, rows * V_);
      k::apply(k::Function::tanh, y, y, rows * V_);
      k::scale(y, *cap_, rows * V_);
    }
  }

  void backward(const SliceRun& run) const override {
    const std::int64_t rows = run.rows * steps_;
    const float* g = run.output.gradient;
    if (cap_) {
      std::copy_n(run.output.value, rows * V_, run.workspace);
      k::scale(run.workspace, 1 / *cap_, rows * V_);
      k::apply_gradient(k::Function::tanh, run.workspace, g, run.workspace, rows * V_);
      g = run.workspace;
    }
    const float* x = run.inputs[0].value;
    if (float* dw = run.gradients[is_tied_ ? 0 : 1]; dw != nullptr) {
      k::gradient_product({.M = rows,
                           .K = is_tied_ ? V_ : D_,
                           .N = is_tied_ ? D_ : V_,
                           .a = is_tied_ ? g : x,
                           .lda = is_tied_ ? V_ : D_,
                           .g = is_tied_ ? x : g,
                           .ldg = is_tied_ ? D_ : V_,
                           .dw = dw,
                           .lddw = is_tied_ ? D_ : V_});
    }
    if (needs_dx_) {
      k::product({.M = rows,
                  .K = V_,
                  .N = D_,
                  .a = g,
                  .lda = V_,
                  .packed = run.packed + transposed_at_,
                  .c = run.inputs[0].gradient,
                  .ldc = D_});
    }
  }

 private:
  std::int64_t D_, V_, steps_;
  bool is_tied_;
  std::optional<float> cap_;
  bool needs_dx_;
  std::int64_t transposed_at_, values_;
};

Shape reversible_embedding_output_shape(const void* options,
                                        std::span<const Shape> inputs,
                                        std::string_view where) {
  const auto& o = options_as<ReversibleEmbedding>(options);
  if (!o.reverse) {
    return embedding_output_shape<ReversibleEmbedding>(options, inputs, where);
  }
  if (inputs[0].empty() || inputs[0].back() != o.output_dim) {
    throw error<ShapeError>(
        {.where = std::string(where),
         .expected = "in reverse, a last axis of output_dim, " + std::to_string(o.output_dim),
         .got = to_string(inputs[0]) + " a sample"});
  }
  Shape shape = inputs[0];
  shape.back() = o.input_dim;
  return shape;
}

std::vector<WeightSpec> reversible_embedding_weights(const void* options,
                                                     std::span<const Shape> inputs) {
  const auto& o = options_as<ReversibleEmbedding>(options);
  std::vector<WeightSpec> specs = embedding_weights<ReversibleEmbedding>(options, inputs);
  if (!o.tie_weights) {
    specs.push_back({.name = "reverse_embeddings",
                     .shape = {o.output_dim, o.input_dim},
                     .initializer = o.embeddings_initializer});
  }
  return specs;
}

std::unique_ptr<LayerPlan> reversible_embedding_plan(const void* options, const LayerSizes& sizes) {
  const auto& o = options_as<ReversibleEmbedding>(options);
  return o.reverse ? std::make_unique<ReversePlan>(o, sizes)
                   : embedding_plan<ReversibleEmbedding>(options, sizes);
}

MaskRule reversible_embedding_mask_rule(const void* options) {
  const auto& o = options_as<ReversibleEmbedding>(options);
  return o.mask_zero && !o.reverse ? MaskRule::makes : MaskRule::drops;
}

std::int64_t reversible_embedding_flops(const void* options, std::span<const Shape> inputs) {
  const auto& o = options_as<ReversibleEmbedding>(options);
  return o.reverse ? 2 * size_of(inputs[0]) * o.input_dim : 0;
}

}  // namespace

const LayerSpec& reversible_embedding_spec() {
  static const LayerSpec spec = {.class_name = "ReversibleEmbedding",
                                 .auto_name = "reversible_embedding",
                                 .access = options_access<ReversibleEmbedding, visit_options>(),
                                 .output_shape = reversible_embedding_output_shape,
                                 .weights = reversible_embedding_weights,
                                 .plan = reversible_embedding_plan,
                                 .mask_rule = reversible_embedding_mask_rule,
                                 .flops = reversible_embedding_flops};
  return spec;
}

const LayerSpec& spec_of(const ReversibleEmbedding&) { return reversible_embedding_spec(); }

}  // namespace engram
