// SPDX-License-Identifier: Apache-2.0
/// From what compile says to how outputs are judged, and from figures of batches to logs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/batches.hpp"

namespace engram {

/// A sample's shape of each output.
std::vector<Shape> output_shapes(const ModelData& data, ArraySpan x);

/// Loss and metrics for outputs against targets of y's shapes.
Judgement judgement_of(const ModelData& data, ArraySpan x, ArraySpan y);

/// Adds a batch of `rows` rows to the sums of an epoch.
void add_batch(EpochSums& sums,
               const Judgement& judgement,
               const BatchFigures& batch,
               std::int64_t rows);

/// "loss" and the metrics of `sums`, in the order of compile, with `prefix` before each name; of
/// several outputs each has its loss, and its layer's name before its names.
Logs logs_of(const ModelData& data,
             const Judgement& judgement,
             const EpochSums& sums,
             const std::string& prefix);

}  // namespace engram
