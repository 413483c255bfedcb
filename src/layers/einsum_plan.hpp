// SPDX-License-Identifier: Apache-2.0
/// The plan of EinsumDense: values moved until the sum is a product of matrices, and back.
#pragma once

#include <memory>

#include "layers/einsum_equation.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

std::unique_ptr<LayerPlan> einsum_plan(const EinsumDense& o, const LayerSizes& sizes);

}  // namespace engram
