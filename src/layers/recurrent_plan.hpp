// SPDX-License-Identifier: Apache-2.0
/// The plan of one recurrent layer: whole sequences through the kernel.
#pragma once

#include <memory>

#include "layers/recurrent_layer.hpp"

namespace engram {

/// `o` has num_layers = 1.
std::unique_ptr<LayerPlan> single_recurrent_plan(const RecurrentOptions& o,
                                                 const LayerSizes& sizes);

}  // namespace engram
