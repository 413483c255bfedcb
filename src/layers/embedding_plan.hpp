// SPDX-License-Identifier: Apache-2.0
/// Ids to vectors of a table: the plan of Embedding and ReversibleEmbedding.
#pragma once

#include <cstring>

#include "kernels/elementwise.hpp"
#include "layers/ids.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

struct EmbeddingSizes {
  std::int64_t input_dim = 0, output_dim = 0;
  bool mask_zero = false;
  std::string_view class_name;
};

class EmbeddingPlan final : public LayerPlan {
 public:
  EmbeddingPlan(const EmbeddingSizes& table, const LayerSizes& sizes) : table_(table) {
    count_ = size_of(sizes.inputs[0]);
    // A sample (T) of ids lies as (rows, T), its vectors (T, E) as (T, rows, E); from rank 2 on
    // both are time-major.
    turns_axes_ = sizes.inputs[0].size() == 1;
  }

  void forward(const SliceRun& run) const override {
    each(run, [&](std::int64_t from, std::int64_t to) {
      const std::int64_t id =
          checked_id(run.inputs[0].value[from], table_.input_dim, table_.class_name, run.position);
      std::memcpy(run.output.value + to * table_.output_dim,
                  run.weights[0] + id * table_.output_dim,
                  static_cast<std::size_t>(table_.output_dim) * sizeof(float));
      if (table_.mask_zero && run.output.mask != nullptr) {
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
      kernels::add(run.output.gradient + to * table_.output_dim,
                   run.gradients[0] + id * table_.output_dim,
                   table_.output_dim);
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

  EmbeddingSizes table_;
  std::int64_t count_ = 1;
  bool turns_axes_ = false;
};

/// What Embedding and ReversibleEmbedding have in common, in the order of Keras's config.
template <class Options>
void visit_embedding(Options& o, OptionVisitor& v) {
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

template <class Options>
std::unique_ptr<LayerPlan> embedding_plan(const void* options, const LayerSizes& sizes) {
  const Options& o = options_as<Options>(options);
  return std::make_unique<EmbeddingPlan>(EmbeddingSizes{.input_dim = o.input_dim,
                                                        .output_dim = o.output_dim,
                                                        .mask_zero = o.mask_zero,
                                                        .class_name = spec_of(o).class_name},
                                         sizes);
}

template <class Options>
Shape embedding_output_shape(const void* options, std::span<const Shape> inputs, std::string_view) {
  Shape shape = inputs[0];
  shape.push_back(options_as<Options>(options).output_dim);
  return shape;
}

template <class Options>
std::vector<WeightSpec> embedding_weights(const void* options, std::span<const Shape>) {
  const Options& o = options_as<Options>(options);
  return {{.name = "embeddings",
           .shape = {o.input_dim, o.output_dim},
           .initializer = o.embeddings_initializer}};
}

}  // namespace engram
