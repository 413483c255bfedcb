// SPDX-License-Identifier: Apache-2.0
/// What a finished training says.
#pragma once

#include <string>

#include "engram/recipe.hpp"

namespace engram::cli {

/// The figures of a run, in plain words, and the files that it left in `output`.
std::string report_text(const Recipe& recipe, const RunResult& run, const std::string& output);

}  // namespace engram::cli
