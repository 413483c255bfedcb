// SPDX-License-Identifier: Apache-2.0
/// A recurrent layer out of a cell, or of cells one on the other.
///
/// Example: model.add(RNN{.cell = GRUCell{.units = 8}, .return_sequences = true});
#pragma once

#include <optional>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// RNN of a cell is the layer of that cell; of StackedRNNCells it is a stack of such layers, with
/// the last one's output and the states of all. Shapes: x (N, T, D); result (N, H), or (N, T, H)
/// with return_sequences, H the last cell's units. Errors: OptionError for a cell that is none of
/// rnn_cells.hpp, or more than 10 of them.
struct RNN {
  std::optional<Layer> cell = {};
  bool return_sequences = false;
  bool return_state = false;  ///< the last states are outputs too, cell after cell
  bool go_backwards = false;
  bool stateful = false;  ///< states go on from batch to batch, row by row
  bool zero_output_for_mask = false;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const RNN&);

}  // namespace engram
