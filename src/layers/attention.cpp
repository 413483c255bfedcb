// SPDX-License-Identifier: Apache-2.0
/// Attention and AdditiveAttention: one plan, two ways to score.
#include "engram/layers/attention.hpp"

#include <algorithm>
#include <array>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "kernels/elementwise.hpp"
#include "layers/attention_head.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(Attention& o, OptionVisitor& v) {
  static constexpr std::array<std::string_view, 2> kModes = {"dot", "concat"};
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("use_scale", o.use_scale);
  v.choice("score_mode", o.score_mode, kModes);
  v.option("dropout", o.dropout, in_range_below(0, 1));
  v.option("seed", o.seed);
  v.call_option("use_causal_mask", o.use_causal_mask);
  v.call_option("return_attention_scores", o.return_attention_scores);
}

void visit_options(AdditiveAttention& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("use_scale", o.use_scale);
  v.option("dropout", o.dropout, in_range_below(0, 1));
  v.option("seed", o.seed);
  v.call_option("use_causal_mask", o.use_causal_mask);
  v.call_option("return_attention_scores", o.return_attention_scores);
}

/// How scores are made: with the places of the weights, -1 for none.
struct Scoring {
  bool sums_tanh = false;
  int outer = -1;   ///< (D), before each tanh
  int inner = -1;   ///< (), within the tanh
  int factor = -1;  ///< (), of the whole score
};

Scoring scoring_of(const Attention& o) {
  if (o.score_mode == "dot") {
    return {.factor = o.use_scale ? 0 : -1};
  }
  return {.sums_tanh = true, .inner = o.use_scale ? 0 : -1, .factor = o.use_scale ? 1 : 0};
}

Scoring scoring_of(const AdditiveAttention& o) {
  return {.sums_tanh = true, .outer = o.use_scale ? 0 : -1};
}

/// Letters as AttentionHead's. A row's arrays: the scores before their factor, the weights, and
/// with dropout the weights after it and its factors.
class AttentionPlan final : public LayerPlan {
 public:
  template <class Options>
  AttentionPlan(const Options& o, const LayerSizes& sizes)
      : scoring_(scoring_of(o)),
        Q_(sizes.inputs[0][0]),
        V_(sizes.inputs[1][0]),
        K_(sizes.inputs[0][1]),
        E_(sizes.inputs[1][1]),
        drops_(sizes.is_training && o.dropout > 0),
        dropout_(o.dropout),
        seed_(static_cast<std::uint64_t>(o.seed.value_or(0))),
        is_causal_(o.use_causal_mask),
        has_key_(sizes.inputs.size() > 2),
        head_(Q_, V_, K_, E_) {
    scores_ = aligned_floats(Q_ * V_);
    row_ = scores_ * (drops_ ? 4 : 2);
    scratch_ = row_ * sizes.rows;
    results_ = aligned_floats(Q_ * E_);
    floats_ = scratch_ + head_.scratch_floats() + 2 * scores_ + results_;
  }

  std::int64_t workspace_floats() const override { return floats_; }

  void forward(const SliceRun& run) const override {
    for (std::int64_t row = 0; row < run.rows; ++row) {
      forward_row(run, row);
    }
  }

  void backward(const SliceRun& run) const override {
    for (std::size_t i = 0; i < run.inputs.size(); ++i) {
      if (run.inputs[i].gradient != nullptr) {
        const std::int64_t size = i == 0 ? Q_ * K_ : i == 1 ? V_ * E_ : V_ * K_;
        std::fill_n(run.inputs[i].gradient, size * run.rows, 0.0f);
      }
    }
    for (std::int64_t row = 0; row < run.rows; ++row) {
      backward_row(run, row);
    }
  }

 private:
  std::size_t key() const { return has_key_ ? 2 : 1; }

  ConstMatrixAt values(const SliceRun& run, std::size_t input, std::int64_t row) const {
    const std::int64_t width = input == 1 ? E_ : K_;
    return {run.inputs[input].value + row * width, run.rows * width};
  }

  MatrixAt gradients(const SliceRun& run, std::size_t input, std::int64_t row) const {
    const std::int64_t width = input == 1 ? E_ : K_;
    float* all = run.inputs[input].gradient;
    return {all == nullptr ? nullptr : all + row * width, run.rows * width};
  }

  // The arrays of a row, and what rows share.
  float* raw(const SliceRun& run, std::int64_t row) const { return run.workspace + row * row_; }

  float* attention_weights(const SliceRun& run, std::int64_t row) const {
    return raw(run, row) + scores_;
  }

  float* dropped(const SliceRun& run, std::int64_t row) const {
    return attention_weights(run, row) + (drops_ ? scores_ : 0);
  }

  float* factors(const SliceRun& run, std::int64_t row) const {
    return attention_weights(run, row) + 2 * scores_;
  }

  float* head_scratch(const SliceRun& run) const { return run.workspace + scratch_; }

  float* score_scratch(const SliceRun& run, std::int64_t i) const {
    return head_scratch(run) + head_.scratch_floats() + i * scores_;
  }

  float* result_scratch(const SliceRun& run) const { return score_scratch(run, 2); }

  static const float* weight(const SliceRun& run, int i) {
    return i < 0 ? nullptr : run.weights[static_cast<std::size_t>(i)];
  }

  static float* gradient(const SliceRun& run, int i) {
    return i < 0 ? nullptr : run.gradients[static_cast<std::size_t>(i)];
  }

  static float number(const SliceRun& run, int i) { return i < 0 ? 1.0f : *weight(run, i); }

  k::TanhScores tanh_scores(const SliceRun& run, std::int64_t row) const {
    const ConstMatrixAt q = values(run, 0, row), key_values = values(run, key(), row);
    return {.Q = Q_,
            .V = V_,
            .D = K_,
            .query = q.data,
            .key = key_values.data,
            .ld_query = q.ld,
            .ld_key = key_values.ld,
            .outer = weight(run, scoring_.outer),
            .inner = number(run, scoring_.inner)};
  }

  void forward_row(const SliceRun& run, std::int64_t row) const {
    float *raw_scores = raw(run, row), *kept = attention_weights(run, row);
    if (scoring_.sums_tanh) {
      k::tanh_scores(tanh_scores(run, row), raw_scores);
    } else {
      head_.scores(values(run, 0, row), values(run, key(), row), raw_scores, head_scratch(run));
    }
    std::copy_n(raw_scores, Q_ * V_, kept);
    k::ScoreMask mask = score_mask(run, row);
    const std::uint8_t* query_mask = std::exchange(mask.query, nullptr);
    mask.key = nullptr;  // Keras asks for the value's only
    mask.is_causal = is_causal_;
    k::scale_and_mask(kept, Q_, V_, number(run, scoring_.factor), mask);
    k::softmax(kept, kept, Q_, V_);
    if (drops_) {
      const k::DropoutKey drop = {.seed = run.seed + seed_,
                                  .step = run.step,
                                  .layer = run.position * 16u,
                                  .row = static_cast<std::uint32_t>(run.first_row + row)};
      k::dropout_factors(factors(run, row), Q_ * V_, dropout_, drop);
      k::multiply(kept, factors(run, row), dropped(run, row), Q_ * V_);
    }
    const MatrixAt result = {run.output.value + row * E_, run.rows * E_};
    head_.mix(dropped(run, row), values(run, 1, row), result, head_scratch(run));
    for (std::int64_t q = 0; q < Q_; ++q) {
      if (query_mask != nullptr && query_mask[q * run.rows] == 0) {
        std::fill_n(result.data + q * result.ld, E_, 0.0f);
      }
      if (!run.more_outputs.empty()) {
        std::copy_n(
            dropped(run, row) + q * V_, V_, run.more_outputs[0].value + (q * run.rows + row) * V_);
      }
    }
  }

  void backward_row(const SliceRun& run, std::int64_t row) const {
    float *d_result = result_scratch(run), *d = score_scratch(run, 0), *ds = score_scratch(run, 1);
    const std::uint8_t* query_mask = score_mask(run, row).query;
    for (std::int64_t q = 0; q < Q_; ++q) {
      const bool counts = query_mask == nullptr || query_mask[q * run.rows] != 0;
      const float* from = run.output.gradient + (q * run.rows + row) * E_;
      if (counts) {
        std::copy_n(from, E_, d_result + q * E_);
      } else {
        std::fill_n(d_result + q * E_, E_, 0.0f);
      }
    }
    head_.mix_gradient(dropped(run, row),
                       values(run, 1, row),
                       {d_result, E_},
                       d,
                       gradients(run, 1, row),
                       head_scratch(run));
    if (!run.more_outputs.empty() && run.more_outputs[0].gradient != nullptr) {
      for (std::int64_t q = 0; q < Q_; ++q) {
        k::add(run.more_outputs[0].gradient + (q * run.rows + row) * V_, d + q * V_, V_);
      }
    }
    if (drops_) {
      k::multiply(d, factors(run, row), d, Q_ * V_);
    }
    k::softmax_gradient(attention_weights(run, row), d, ds, Q_, V_);
    score_gradient(run, row, ds);
  }

  /// From the gradient by the scores, which is changed.
  void score_gradient(const SliceRun& run, std::int64_t row, float* ds) const {
    if (float* dfactor = gradient(run, scoring_.factor)) {
      *dfactor += static_cast<float>(k::dot_product(ds, raw(run, row), Q_ * V_));
    }
    k::scale(ds, number(run, scoring_.factor), Q_ * V_);
    const MatrixAt dq = gradients(run, 0, row), dk = gradients(run, key(), row);
    if (scoring_.sums_tanh) {
      k::tanh_scores_gradient(tanh_scores(run, row),
                              {.dscores = ds,
                               .dquery = dq.data,
                               .dkey = dk.data,
                               .douter = gradient(run, scoring_.outer),
                               .dinner = gradient(run, scoring_.inner)});
    } else {
      head_.scores_gradient(
          ds, values(run, 0, row), values(run, key(), row), dq, dk, head_scratch(run));
    }
  }

  Scoring scoring_;
  std::int64_t Q_, V_, K_, E_;
  bool drops_;
  float dropout_;
  std::uint64_t seed_;
  bool is_causal_, has_key_;
  AttentionHead head_;
  std::int64_t scores_ = 0, row_ = 0, scratch_ = 0, results_ = 0, floats_ = 0;
};

Shape attention_output_shape(const void*, std::span<const Shape> inputs, std::string_view where) {
  check_attention_inputs(inputs, where);
  if (inputs.back()[1] != inputs[0][1]) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "queries and keys of as many features",
                             .got = to_string(inputs[0]) + " and " + to_string(inputs.back())});
  }
  return {inputs[0][0], inputs[1][1]};
}

template <class Options>
std::vector<Shape> attention_more_outputs(const void* options, std::span<const Shape> inputs) {
  const bool returns = options_as<Options>(options).return_attention_scores;
  return returns ? std::vector<Shape>{{inputs[0][0], inputs[1][0]}} : std::vector<Shape>{};
}

std::vector<WeightSpec> attention_weights(const void* options, std::span<const Shape>) {
  const Attention& o = options_as<Attention>(options);
  std::vector<WeightSpec> specs;
  if (o.use_scale) {
    specs.push_back({.name = "scale", .shape = {}, .initializer = "ones"});
  }
  if (o.score_mode == "concat") {
    specs.push_back({.name = "concat_score_weight", .shape = {}, .initializer = "ones"});
  }
  return specs;
}

std::vector<WeightSpec> additive_weights(const void* options, std::span<const Shape> inputs) {
  if (!options_as<AdditiveAttention>(options).use_scale) {
    return {};
  }
  return {{.name = "scale", .shape = {inputs[0][1]}, .initializer = "glorot_uniform"}};
}

std::int64_t attention_flops(const void*, std::span<const Shape> inputs) {
  return 2 * inputs[0][0] * inputs[1][0] * (inputs[0][1] + inputs[1][1]);
}

template <class Options>
LayerSpec attention_spec_of(std::string_view class_name, std::string_view auto_name) {
  return {.class_name = class_name,
          .auto_name = auto_name,
          .access = options_access<Options, visit_options>(),
          .output_shape = attention_output_shape,
          .plan = make_plan<AttentionPlan, Options>,
          .mask_rule = passes_mask,
          .flops = attention_flops,
          .more_outputs = attention_more_outputs<Options>,
          .mixes_steps = true};
}

}  // namespace

const LayerSpec& attention_spec() {
  static const LayerSpec spec = [] {
    LayerSpec made = attention_spec_of<Attention>("Attention", "attention");
    made.weights = attention_weights;
    return made;
  }();
  return spec;
}

const LayerSpec& additive_attention_spec() {
  static const LayerSpec spec = [] {
    LayerSpec made =
        attention_spec_of<AdditiveAttention>("AdditiveAttention", "additive_attention");
    made.weights = additive_weights;
    return made;
  }();
  return spec;
}

const LayerSpec& spec_of(const Attention&) { return attention_spec(); }

const LayerSpec& spec_of(const AdditiveAttention&) { return additive_attention_spec(); }

}  // namespace engram
