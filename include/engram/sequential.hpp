// SPDX-License-Identifier: Apache-2.0
/// A model that is a straight line of layers.
///
/// Example: Sequential model({LSTM{.units = 80, .return_sequences = true}, Dropout{.rate = 0.2f},
///                            LSTM{.units = 100}, Dense{.units = 1}});
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "engram/model.hpp"

namespace engram {

class Sequential : public Model {
 public:
  Sequential() : Sequential(std::vector<Layer>{}) {}

  Sequential(std::initializer_list<Layer> layers) : Sequential(std::vector<Layer>(layers)) {}

  /// Errors: OptionError for a layer's option out of its range, or a name used twice.
  explicit Sequential(const std::vector<Layer>& layers, std::string name = "sequential");

  /// Errors: StateError once built.
  void add(const Layer& layer);
};

}  // namespace engram
