// SPDX-License-Identifier: Apache-2.0
/// The files that a finished run leaves beside its models.
#pragma once

#include <string>
#include <vector>

#include "engram/model.hpp"
#include "engram/recipe.hpp"

namespace engram {

/// What there is to tell of a run.
struct RunFacts {
  const Recipe& recipe;
  const RunResult& result;
  const History& history;
  const Model& best;                     ///< what model.keras holds
  const SeriesPredictions* predictions;  ///< of a series, else null
};

/// Writes weights.txt, run.json and pictures into `folder`; returns their names.
std::vector<std::string> write_run_files(const std::string& folder, const RunFacts& facts);

}  // namespace engram
