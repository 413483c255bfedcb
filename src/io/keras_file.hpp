// SPDX-License-Identifier: Apache-2.0
/// Reads a .keras file into data that are no Model yet.
#pragma once

#include <string>

#include "engram/io.hpp"
#include "model/model_data.hpp"

namespace engram::io {

/// As load_model, into empty `data`; counts as no model made, so that later models' seeds stay.
void read_model(const std::string& filepath, const LoadOptions& options, ModelData& data);

}  // namespace engram::io
