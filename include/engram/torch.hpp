// SPDX-License-Identifier: Apache-2.0
/// Weights of PyTorch's layers, by the names of its state_dict.
///
/// Example: set_torch_weights(model, "lstm", {{"weight_ih_l0", w}, {"weight_hh_l0", u}, ...});
#pragma once

#include <map>
#include <string>

#include "engram/model.hpp"

namespace engram {

/// Gives the layer `layer` of a built model the weights of torch.nn.RNN (SimpleRNN), LSTM, GRU
/// (with reset_after), each also as Bidirectional with num_layers, Linear (Dense) or Embedding:
/// matrices are turned round, gates put in Keras's order, LSTM's and RNN's two biases added. Of
/// `arrays` those count whose name begins with `prefix`, such as "encoder."; all of them must fit.
/// Errors: StateError before build; OptionError for another layer; DataError for an array that is
/// missing or left over; ShapeError.
void set_torch_weights(Model& model,
                       const std::string& layer,
                       const std::map<std::string, Tensor>& arrays,
                       const std::string& prefix = "");

}  // namespace engram
