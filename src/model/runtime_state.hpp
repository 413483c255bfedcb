// SPDX-License-Identifier: Apache-2.0
/// What runtime.hpp's settings give to new models.
#pragma once

#include <cstdint>

namespace engram {

/// The seed of the next model: from set_random_seed and the number of models made since.
std::uint64_t next_model_seed();

}  // namespace engram
