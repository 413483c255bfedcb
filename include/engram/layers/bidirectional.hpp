// SPDX-License-Identifier: Apache-2.0
/// A recurrent layer run over the sequence in both directions.
///
/// Example: model.add(Bidirectional{.layer = LSTM{.units = 64}});
#pragma once

#include <optional>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// Runs a copy of `layer` forwards and another one, with weights of its own, backwards; the
/// backward sequence is turned round, so that both speak of the same step, and merged.
/// `backward_layer` replaces the second copy; it must go the other way.
/// Shapes: x (N, T, D); result (N, 2 units) for "concat", else (N, units), with T before the last
/// axis when the layers return sequences.
/// Weights: those of forward_<name>, then those of backward_<name>.
/// merge_mode: "concat", "sum", "mul", "ave"; none: the backward result is output(1). States, where
/// the layers return them, follow: those of the forward layer, then the other's.
/// Source: Schuster & Paliwal 1997; layout as Keras 3.
struct Bidirectional {
  std::optional<Layer> layer = {};
  std::optional<std::string> merge_mode = "concat";
  std::optional<Layer> backward_layer = {};
  bool trainable = true;
  std::string name = "";
  // Not Keras's, which refuses files with them:
  std::int64_t num_layers = 1;  ///< so many of these layers, each on the merged output of the last
  float layer_dropout = 0.0f;   ///< between two of them, of each value of each step
};

const LayerSpec& spec_of(const Bidirectional&);

}  // namespace engram
