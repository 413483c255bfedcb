// SPDX-License-Identifier: Apache-2.0
/// What a model cannot do because its file names things that Keras does not have.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/model_data.hpp"

namespace engram {

/// A sentence for each such thing.
std::vector<std::string> warnings_of(const ModelData& data);

/// Errors: StateError naming the first foreign thing that evaluating needs, or, if the model
/// `trains`, that training needs.
void check_foreign(const ModelData& data, bool trains, std::string_view where);

}  // namespace engram
