// SPDX-License-Identifier: Apache-2.0
/// The shape of what a model takes; lets the model be built before it sees data.
///
/// Example: Sequential model({Input{.shape = {60, 1}}, LSTM{.units = 80}, Dense{.units = 1}});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// Shapes: shape leaves out the batch axis.
/// dtype "string" says that the input is texts, `shape` of them a sample ({} or {1}: one), which a
/// layer of texts reads. "int32" and "int64" are what files say of whole numbers, for Keras;
/// tensors here hold float32. Units:  batch_size is the rows of every batch; only models with
/// stateful layers need it.
struct Input {
  Shape shape = {};
  std::optional<std::int64_t> batch_size = {};
  std::string dtype = "float32";
  std::string name = "";
};

const LayerSpec& spec_of(const Input&);

}  // namespace engram
