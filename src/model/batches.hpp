// SPDX-License-Identifier: Apache-2.0
/// Batches through a model: plans, one training step, figures. What fit, evaluate, predict share.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engram/tensor.hpp"
#include "model/model_data.hpp"

namespace engram {

/// Arrays of a model: one for each input, or for each output.
using ArraySpan = std::span<const RowsView>;

inline std::vector<RowsView> views(const std::vector<Tensor>& arrays) {
  return {arrays.begin(), arrays.end()};
}

/// Samples' shapes, and which arrays have lengths; none: empty.
std::vector<Shape> sample_shapes(ArraySpan x);
std::vector<bool> which_have_lengths(ArraySpan x);

/// The order in which a batch takes its rows: as it is, but of sequences with lengths the longest
/// first, so that a slice's rows end together; not where rows carry states.
std::vector<std::int64_t> batch_order(const ModelData& data,
                                      ArraySpan x,
                                      std::vector<std::int64_t> order);

/// The numbers [begin, end).
std::vector<std::int64_t> rows_in_order(std::int64_t begin, std::int64_t end);

/// The plan for batches of `rows` rows of x, made on first use.
Plan& plan_for(ModelData& data, const PlanKey& key, const Judgement* judgement);

/// The pool of threads, as large as runtime.hpp's setting says.
Workers& workers_of(ModelData& data);

/// One step of training on the rows `order`, to be followed by one on `next`; the figures are those
/// before the update.
BatchFigures train_on_rows(ModelData& data,
                           const Judgement& judgement,
                           ArraySpan x,
                           ArraySpan y,
                           std::int64_t batch_size,
                           std::span<const std::int64_t> order,
                           std::span<const std::int64_t> next = {});

/// The figures of all rows of x and y, without training.
EpochSums evaluate_rows(
    ModelData& data, const Judgement& judgement, ArraySpan x, ArraySpan y, std::int64_t batch_size);

/// The gradient of the mean loss over x and y by each weight, in the order of Model::weights, as a
/// training step sees it before clipping. For tests and inspection.
std::vector<Tensor> gradients_of(ModelData& data,
                                 ArraySpan x,
                                 ArraySpan y,
                                 ArraySpan sample_weight = {});

inline std::vector<Tensor> gradients_of(ModelData& data,
                                        const RowsView& x,
                                        const RowsView& y,
                                        ArraySpan sample_weight = {}) {
  return gradients_of(data, ArraySpan(&x, 1), ArraySpan(&y, 1), sample_weight);
}

}  // namespace engram
