// SPDX-License-Identifier: Apache-2.0
/// The cases of tests/contract: every kind of layer, by its options, and a model made of a case.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "engram/engram.hpp"

namespace engram {

/// An Embedding comes first, so that its gradient is that of the layers' input.
struct LayerCase {
  std::string name;
  std::vector<Layer> layers;
  Shape sample;            ///< what the first of them takes
  bool is_masked = false;  ///< some steps are
  bool is_graph = false;   ///< the model is Functional
};

inline void PrintTo(const LayerCase& c, std::ostream* out) { *out << c.name; }

inline const Shape kVector = {6}, kSequence = {5, 4}, kImage = {4, 5, 2};

std::vector<LayerCase> layer_cases();

/// A model of a case for `rows` rows, its weights distinct and random, with inputs and targets.
struct Built {
  Model model;
  Tensor x, y;
};

Built build_case(const LayerCase& c, std::int64_t rows);

/// Compares the gradients of all weights with differences of the loss.
void expect_gradients_equal_differences(Built b);

}  // namespace engram
