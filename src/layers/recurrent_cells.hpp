// SPDX-License-Identifier: Apache-2.0
/// The cells that an RNN runs.
#pragma once

#include <string_view>
#include <vector>

#include "layers/recurrent_layer.hpp"

namespace engram {

/// A cell with the name of its weights and its place in Keras's files, below the RNN.
struct RecurrentCell {
  Layer layer;
  RecurrentOptions options;
  std::string name, path;  ///< "gru_cell_1", "cell/cells/gru_cell_1"
};

/// The cells in the order in which they run: of StackedRNNCells, or `cell` alone.
/// Errors: OptionError for other layers, for none, and for more than 10.
std::vector<RecurrentCell> cells_of(const Layer& cell, std::string_view where);

}  // namespace engram
