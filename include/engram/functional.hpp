// SPDX-License-Identifier: Apache-2.0
/// A model that is a graph of layers, with any number of inputs and outputs.
///
/// Example:
///   KerasTensor x = Input{.shape = {60, 1}};
///   Layer lstm = LSTM{.units = 8};
///   Functional model({x}, {Layer(Dense{.units = 1})(lstm(x))});
#pragma once

#include <string>
#include <vector>

#include "engram/layers/layer.hpp"
#include "engram/model.hpp"

namespace engram {

class Functional : public Model {
 public:
  /// The layers between `inputs` and `outputs`; a layer called more than once has its weights once.
  /// Errors: OptionError for a name used twice, or an output that needs another input.
  Functional(const std::vector<KerasTensor>& inputs,
             const std::vector<KerasTensor>& outputs,
             std::string name = "functional");
};

}  // namespace engram
