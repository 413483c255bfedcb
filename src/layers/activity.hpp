// SPDX-License-Identifier: Apache-2.0
/// Penalties on what layers give, Keras's activity_regularizer: one plan around any other.
///
/// A penalty is divided by the rows of the minibatch. So it is a sum over rows (but for a
/// regularizer that joins them), and slices of a minibatch add theirs up.
#pragma once

#include <memory>
#include <vector>

#include "layers/layer_spec.hpp"

namespace engram {

/// What penalizes outputs of the layer, its parts' or those of layers inside it.
std::vector<Regularizer> activity_regularizers(const LayerSpec& spec, const void* options);

/// The layer's plan; around it, where its outputs are penalized, one that adds the penalty to
/// SliceRun::penalty, and the penalty's gradient to that of the outputs. Errors: OptionError.
std::unique_ptr<LayerPlan> plan_of(const LayerSpec& spec,
                                   const void* options,
                                   const LayerSizes& sizes);

/// Adds the penalty on `values`, (run.rows, ...) of `size` floats a row, to run.penalty where the
/// run has one; a layer does so with parts of its own.
void penalize(const Regularizer& regularizer,
              const SliceRun& run,
              const float* values,
              std::int64_t size);

/// Adds the penalty's gradient to `gradient`.
void add_penalty_gradient(const Regularizer& regularizer,
                          const SliceRun& run,
                          const float* values,
                          std::int64_t size,
                          float* gradient);

}  // namespace engram
