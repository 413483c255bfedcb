// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/embedding.hpp"

#include <cstring>

#include "base/error.hpp"
#include "kernels/elementwise.hpp"
#include "layers/ids.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace {

void visit_options(Embedding& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  visit_activity_regularizer(v, o.activity_regularizer);
  v.option("input_dim", o.input_dim, at_least(1));
  v.option("output_dim", o.output_dim, at_least(1));
  v.option("embeddings_initializer", o.embeddings_initializer);
  visit_kind(v, "embeddings_regularizer", o.embeddings_regularizer);
  v.place_of_none("activity_regularizer");
  visit_kind(v, "embeddings_constraint", o.embeddings_constraint);
  v.option("mask_zero", o.mask_zero);
  v.fixed("quantization_config", {});
}

class EmbeddingPlan final : public LayerPlan {
 public:
  EmbeddingPlan(const Embedding& o, const LayerSizes& sizes) : o_(o) {
    count_ = size_of(sizes.inputs[0]);
    // A sample (T) of ids lies as (rows, T), its vectors (T, E) as (T, rows, E); from rank 2 on
    // both are time-major.
    turns_axes_ = sizes.inputs[0].size() == 1;
  }

  void forward(const SliceRun& run) const override {
    each(run, [&](std::int64_t from, std::int64_t to) {
      const std::int64_t id =
          checked_id(run.inputs[0].value[from], o_.input_dim, "Embedding", run.position);
      std::memcpy(run.output.value + to * o_.output_dim,
                  run.weights[0] + id * o_.output_dim,
                  static_cast<std::size_t>(o_.output_dim) * sizeof(float));
      if (o_.mask_zero && run.output.mask != nullptr) {
        const bool is_step = run.inputs[0].mask == nullptr || run.inputs[0].mask[to] != 0;
        run.output.mask[to] = is_step && id != 0;
      }
    });
  }

  void backward(const SliceRun& run) const override {
    if (run.gradients[0] == nullptr) {
      return;
    }
    each(run, [&](std::int64_t from, std::int64_t to) {
      const auto id = static_cast<std::int64_t>(run.inputs[0].value[from]);
      kernels::add(run.output.gradient + to * o_.output_dim,
                   run.gradients[0] + id * o_.output_dim,
                   o_.output_dim);
    });
  }

 private:
  template <class Visit>
  void each(const SliceRun& run, const Visit& visit) const {
    for (std::int64_t i = 0; i < count_; ++i) {
      for (std::int64_t row = 0; row < run.rows; ++row) {
        const std::int64_t to = i * run.rows + row;
        visit(turns_axes_ ? row * count_ + i : to, to);
      }
    }
  }

  Embedding o_;
  std::int64_t count_ = 1;
  bool turns_axes_ = false;
};

Shape embedding_output_shape(const void* options, std::span<const Shape> inputs, std::string_view) {
  Shape shape = inputs[0];
  shape.push_back(options_as<Embedding>(options).output_dim);
  return shape;
}

std::vector<WeightSpec> embedding_weights(const void* options, std::span<const Shape>) {
  const Embedding& o = options_as<Embedding>(options);
  return {{.name = "embeddings",
           .shape = {o.input_dim, o.output_dim},
           .initializer = o.embeddings_initializer}};
}

MaskRule embedding_mask_rule(const void* options) {
  return options_as<Embedding>(options).mask_zero ? MaskRule::makes : MaskRule::passes;
}

std::unique_ptr<LayerPlan> embedding_plan(const void* options, const LayerSizes& sizes) {
  return std::make_unique<EmbeddingPlan>(options_as<Embedding>(options), sizes);
}

}  // namespace

const LayerSpec& embedding_spec() {
  static const LayerSpec spec = {.class_name = "Embedding",
                                 .auto_name = "embedding",
                                 .access = options_access<Embedding, visit_options>(),
                                 .output_shape = embedding_output_shape,
                                 .weights = embedding_weights,
                                 .plan = embedding_plan,
                                 .mask_rule = embedding_mask_rule,
                                 .is_identity = is_never_identity,
                                 .logits_of = no_logits,
                                 .flops = no_flops};
  return spec;
}

const LayerSpec& spec_of(const Embedding&) { return embedding_spec(); }

}  // namespace engram
