// SPDX-License-Identifier: Apache-2.0
/// Scaled initializers for weights that are matrices of another shape.
#pragma once

#include "engram/initializers.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// What gives a weight of `shape` the variance that `initializer` gives one of the shape `matrix`,
/// (inputs, outputs): Keras's input_axes and output_axes. Other initializers stay.
Initializer with_fans(const Initializer& initializer, const Shape& shape, const Shape& matrix);

}  // namespace engram
