// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/multi_head_attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "kernels/dense.hpp"
#include "kernels/elementwise.hpp"
#include "layers/attention_head.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(MultiHeadAttention& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("num_heads", o.num_heads, at_least(1));
  v.option("key_dim", o.key_dim, at_least(1));
  v.option("value_dim", o.value_dim, at_least(1));
  v.option("dropout", o.dropout, in_range_below(0, 1));
  v.option("use_bias", o.use_bias);
  v.fixed("use_gate", false);
  v.option("output_shape", o.output_shape);
  v.option("attention_axes", o.attention_axes);
  v.option("sliding_window", o.sliding_window, at_least(1));
  v.option("kernel_initializer", o.kernel_initializer);
  v.option("bias_initializer", o.bias_initializer);
  visit_kind(v, "kernel_regularizer", o.kernel_regularizer);
  visit_kind(v, "bias_regularizer", o.bias_regularizer);
  v.fixed("activity_regularizer", {});
  visit_kind(v, "kernel_constraint", o.kernel_constraint);
  visit_kind(v, "bias_constraint", o.bias_constraint);
  v.option("seed", o.seed);
  v.call_option("use_causal_mask", o.use_causal_mask);
  v.call_option("return_attention_scores", o.return_attention_scores);
}

const MultiHeadAttention& options_of(const void* options) {
  return *static_cast<const MultiHeadAttention*>(options);
}

std::int64_t value_dim(const MultiHeadAttention& o) { return o.value_dim.value_or(o.key_dim); }

std::int64_t result_features(const MultiHeadAttention& o, std::span<const Shape> inputs) {
  return o.output_shape.empty() ? inputs[0][1] : o.output_shape[0];
}

/// A projection of all steps of a slice: (steps * rows, K) times a kernel (K, N), with a bias.
struct Projection {
  std::int64_t steps = 0, K = 0, N = 0;
  std::size_t weight = 0;                   ///< place of its kernel; the bias follows
  std::int64_t packed = 0, transposed = 0;  ///< places among the packed floats
  std::int64_t result = 0, gradient = 0;    ///< places in the workspace, of (steps, rows, N)
};

/// Letters: Q queries, V values, H heads, K features of a key, E of a value.
class MultiHeadAttentionPlan final : public LayerPlan {
 public:
  MultiHeadAttentionPlan(const MultiHeadAttention& o, const LayerSizes& sizes)
      : o_(o),
        Q_(sizes.inputs[0][0]),
        V_(sizes.inputs[1][0]),
        H_(o.num_heads),
        K_(o.key_dim),
        E_(value_dim(o)),
        rows_(sizes.rows),
        is_training_(sizes.is_training),
        drops_(sizes.is_training && o.dropout > 0),
        // Keras computes these without a softmax layer, which would clear rows without any value.
        is_fused_(o.dropout == 0 && !o.return_attention_scores),
        has_key_(sizes.inputs.size() > 2),
        head_(Q_, V_, K_, E_) {
    const std::size_t step = o.use_bias ? 2 : 1;
    add(kQuery, {.steps = Q_, .K = sizes.inputs[0][1], .N = H_ * K_, .weight = 0});
    add(kKey, {.steps = V_, .K = sizes.inputs.back()[1], .N = H_ * K_, .weight = step});
    add(kValue, {.steps = V_, .K = sizes.inputs[1][1], .N = H_ * E_, .weight = 2 * step});
    add(kResult, {.steps = Q_, .K = H_ * E_, .N = sizes.output[1], .weight = 3 * step});
    mixed_ = place(Q_ * rows_ * H_ * E_);
    dmixed_ = place(is_training_ ? Q_ * rows_ * H_ * E_ : 0);
    scores_ = aligned_floats(Q_ * V_);
    weights_ = place(scores_ * H_ * rows_ * (drops_ ? 3 : 1));
    scratch_ = place(head_.scratch_floats() + 2 * scores_);
    dvalue_ = place(is_training_ ? V_ * rows_ * sizes.inputs.back()[1] : 0);
  }

  std::int64_t packed_floats() const override { return packed_; }

  std::int64_t pack_parts() const override { return kProjections * (is_training_ ? 2 : 1); }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    const Projection& p = projections_[static_cast<std::size_t>(part % kProjections)];
    if (part < kProjections) {
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
    project(run, kResult, run.workspace + mixed_, run.output.value);
  }

  void backward(const SliceRun& run) const override {
    const float *dy = run.output.gradient, *mixed = run.workspace + mixed_;
    weights_gradient(run, kResult, mixed, dy);
    project_back(run, kResult, dy, run.workspace + dmixed_);
    for (const Part part : {kKey, kValue}) {
      const Projection& p = projections_[part];
      std::fill_n(run.workspace + p.gradient, p.steps * run.rows * p.N, 0.0f);
    }
    for (std::int64_t row = 0; row < run.rows; ++row) {
      for (std::int64_t head = 0; head < H_; ++head) {
        attend_back(run, row, head);
      }
    }
    input_gradient(run, kQuery, 0, false);
    input_gradient(run, kValue, 1, false);
    input_gradient(run, kKey, key(), !has_key_);
  }

 private:
  enum Part : std::size_t { kQuery, kKey, kValue, kResult };

  static constexpr std::int64_t kProjections = 4;

  void add(Part part, Projection p) {
    p.packed = std::exchange(packed_, packed_ + aligned_floats(k::packed_matrix_floats(p.K, p.N)));
    if (is_training_) {
      const std::int64_t floats = aligned_floats(k::packed_matrix_floats(p.N, p.K));
      p.transposed = std::exchange(packed_, packed_ + floats);
    }
    if (part != kResult) {
      p.result = place(p.steps * rows_ * p.N);
      p.gradient = place(is_training_ ? p.steps * rows_ * p.N : 0);
    }
    projections_[part] = p;
  }

  std::int64_t place(std::int64_t floats) {
    return std::exchange(floats_, floats_ + aligned_floats(floats));
  }

  std::size_t key() const { return has_key_ ? 2 : 1; }

  float* result(const SliceRun& run, Part part) const {
    return run.workspace + projections_[part].result;
  }

  /// The part of one row and head in an array (steps, rows, H, width).
  template <class Matrix>
  Matrix part_of(const SliceRun& run,
                 float* array,
                 std::int64_t row,
                 std::int64_t head,
                 std::int64_t width) const {
    return {array + (row * H_ + head) * width, run.rows * H_ * width};
  }

  ConstMatrixAt projected(const SliceRun& run,
                          Part part,
                          std::int64_t row,
                          std::int64_t head) const {
    return part_of<ConstMatrixAt>(run, result(run, part), row, head, part == kValue ? E_ : K_);
  }

  MatrixAt gradient_of(const SliceRun& run, Part part, std::int64_t row, std::int64_t head) const {
    return part_of<MatrixAt>(
        run, run.workspace + projections_[part].gradient, row, head, part == kValue ? E_ : K_);
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

  void project(const SliceRun& run, Part part, const float* x, float* y) const {
    const Projection& p = projections_[part];
    k::product({.M = p.steps * run.rows,
                .K = p.K,
                .N = p.N,
                .a = x,
                .lda = p.K,
                .packed = run.packed + p.packed,
                .bias = o_.use_bias ? run.weights[p.weight + 1] : nullptr,
                .c = y,
                .ldc = p.N});
  }

  void project_back(const SliceRun& run, Part part, const float* dy, float* dx) const {
    const Projection& p = projections_[part];
    k::product({.M = p.steps * run.rows,
                .K = p.N,
                .N = p.K,
                .a = dy,
                .lda = p.N,
                .packed = run.packed + p.transposed,
                .c = dx,
                .ldc = p.K});
  }

  void weights_gradient(const SliceRun& run, Part part, const float* x, const float* dy) const {
    const Projection& p = projections_[part];
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
  void input_gradient(const SliceRun& run, Part part, std::size_t input, bool adds) const {
    const Projection& p = projections_[part];
    const float* dy = run.workspace + p.gradient;
    weights_gradient(run, part, run.inputs[input].value, dy);
    if (float* dx = run.inputs[input].gradient; dx != nullptr && adds) {
      project_back(run, part, dy, run.workspace + dvalue_);
      k::add(run.workspace + dvalue_, dx, p.steps * run.rows * p.K);
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
              part_of<MatrixAt>(run, run.workspace + mixed_, row, head, E_),
              scratch);
    if (!run.more_outputs.empty()) {
      std::copy_n(kept, Q_ * V_, run.more_outputs[0].value + (head * run.rows + row) * Q_ * V_);
    }
  }

  void attend_back(const SliceRun& run, std::int64_t row, std::int64_t head) const {
    float* scratch = run.workspace + scratch_;
    float *d = scratch + head_.scratch_floats(), *ds = d + scores_;
    head_.mix_gradient(dropped(run, row, head),
                       projected(run, kValue, row, head),
                       part_of<ConstMatrixAt>(run, run.workspace + dmixed_, row, head, E_),
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

  MultiHeadAttention o_;
  std::int64_t Q_, V_, H_, K_, E_, rows_;
  bool is_training_, drops_, is_fused_, has_key_;
  AttentionHead head_;
  std::array<Projection, kProjections> projections_;
  std::int64_t packed_ = 0, floats_ = 0, scores_ = 0;
  std::int64_t mixed_ = 0, dmixed_ = 0, weights_ = 0, scratch_ = 0, dvalue_ = 0;
};

Shape output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  const MultiHeadAttention& o = options_of(options);
  check_attention_inputs(inputs, where);
  const auto check = [&](const char* name, const Shape& shape, bool is_good, const char* rule) {
    if (!is_good) {
      throw error<OptionError>({.where = std::string(where),
                                .expected = fmt::format("{} {}", name, rule),
                                .got = to_string(shape)});
    }
  };
  check("attention_axes",
        o.attention_axes,
        o.attention_axes.empty() || o.attention_axes == Shape{1},
        "1, the time axis");
  check("output_shape",
        o.output_shape,
        o.output_shape.empty() || (o.output_shape.size() == 1 && o.output_shape[0] >= 1),
        "of one size of at least 1");
  return {inputs[0][0], result_features(o, inputs)};
}

std::vector<Shape> more_outputs(const void* options, std::span<const Shape> inputs) {
  const MultiHeadAttention& o = options_of(options);
  return o.return_attention_scores ? std::vector<Shape>{{o.num_heads, inputs[0][0], inputs[1][0]}}
                                   : std::vector<Shape>{};
}

std::vector<WeightGroup> weight_groups(const void*) {
  return {{"query_dense", "query"},
          {"key_dense", "key"},
          {"value_dense", "value"},
          {"output_dense", "attention_output"}};
}

std::vector<WeightSpec> weights(const void* options, std::span<const Shape> inputs) {
  const MultiHeadAttention& o = options_of(options);
  const Shape keys = {o.num_heads, o.key_dim}, values = {o.num_heads, value_dim(o)};
  const Shape result = {result_features(o, inputs)};
  const std::array<Shape, 4> kernels = {{{inputs[0][1], keys[0], keys[1]},
                                         {inputs.back()[1], keys[0], keys[1]},
                                         {inputs[1][1], values[0], values[1]},
                                         {values[0], values[1], result[0]}}};
  const std::array<Shape, 4> biases = {keys, keys, values, result};
  const OptionsAccess access = options_access<MultiHeadAttention, visit_options>();
  std::vector<WeightSpec> specs;
  const std::vector<WeightGroup> groups = weight_groups(options);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    specs.push_back({.name = groups[i].name + "/kernel",
                     .shape = kernels[i],
                     .initializer = o.kernel_initializer,
                     .group = groups[i].path,
                     .rules = rules_of(access, options, "kernel")});
    if (o.use_bias) {
      specs.push_back({.name = groups[i].name + "/bias",
                       .shape = biases[i],
                       .initializer = o.bias_initializer,
                       .group = groups[i].path,
                       .rules = rules_of(access, options, "bias")});
    }
  }
  return specs;
}

std::int64_t flops(const void* options, std::span<const Shape> inputs) {
  const MultiHeadAttention& o = options_of(options);
  const std::int64_t Q = inputs[0][0], V = inputs[1][0];
  std::int64_t products = Q * V * o.num_heads * (o.key_dim + value_dim(o));
  products += Q * inputs[0][1] * o.num_heads * o.key_dim;
  products += V * inputs.back()[1] * o.num_heads * o.key_dim;
  products += V * inputs[1][1] * o.num_heads * value_dim(o);
  products += Q * o.num_heads * value_dim(o) * result_features(o, inputs);
  return 2 * products;
}

}  // namespace

const LayerSpec& multi_head_attention_spec() {
  static constexpr std::array<std::string_view, 3> kArguments = {"query", "value", "key"};
  static const LayerSpec spec = {.class_name = "MultiHeadAttention",
                                 .auto_name = "multi_head_attention",
                                 .access = options_access<MultiHeadAttention, visit_options>(),
                                 .output_shape = output_shape,
                                 .weights = weights,
                                 .plan = make_plan<MultiHeadAttentionPlan, MultiHeadAttention>,
                                 .mask_rule = passes_mask,
                                 .flops = flops,
                                 .more_outputs = more_outputs,
                                 .weight_groups = weight_groups,
                                 .arguments = kArguments,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const MultiHeadAttention&) { return multi_head_attention_spec(); }

}  // namespace engram
