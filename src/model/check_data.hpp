// SPDX-License-Identifier: Apache-2.0
/// Checks of the arrays that a model is given.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/batches.hpp"

namespace engram {

/// Builds the model for `x` if need be, and checks what it is given.
/// Errors: ShapeError for no rows or a wrong shape; DataError for values that are not finite.
void check_inputs(ModelData& data, ArraySpan x, std::string_view where);

/// Checks that y (N, ...) can be compared with the model's outputs for x.
/// Errors: StateError before compile, or when it, or training if the model `trains`, needs what a
/// file only named; ShapeError; DataError.
void check_targets(
    ModelData& data, ArraySpan x, ArraySpan y, std::string_view where, bool trains = false);

/// Checks that `rows` rows in batches of `batch_size` are whole batches of the model's size, if it
/// has stateful layers, and makes their states before the first batch. Errors: ShapeError.
void check_batches(ModelData& data,
                   std::int64_t rows,
                   std::int64_t batch_size,
                   std::string_view where);

}  // namespace engram
