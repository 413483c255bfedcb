// SPDX-License-Identifier: Apache-2.0
/// The optimizer's state in files, in the places of Keras.
#pragma once

#include "io/weights_reader.hpp"
#include "model/model_data.hpp"

namespace engram::io {

void read_optimizer(const WeightsReader& reader, ModelData& data);

void add_optimizer(const ModelData& data, H5File& file);

}  // namespace engram::io
