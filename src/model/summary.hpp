// SPDX-License-Identifier: Apache-2.0
/// The table of Model::summary(), as Keras 3 prints it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engram/model.hpp"

namespace engram {

/// `optimizer_params` counts the optimizer's slots, iteration and learning rate; 0: no optimizer.
/// A layer without output shape is not built. The table is at most columns - 4 wide, and 88, or 108
/// with the column of connections.
/// Errors: OptionError when columns is too small for a table.
std::string summary_text(const std::string& name,
                         const std::vector<LayerInfo>& layers,
                         std::int64_t optimizer_params,
                         int columns,
                         bool shows_connections = false);

}  // namespace engram
