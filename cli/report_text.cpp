// SPDX-License-Identifier: Apache-2.0
#include "report_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

namespace engram::cli {

std::string report_text(const Recipe& recipe, const RunResult& run, const std::string& output) {
  std::string text = fmt::format("{}: {} epochs; kept epoch {}, the best by {} ({:.6g})\n",
                                 recipe.name,
                                 run.epochs,
                                 run.best_epoch,
                                 recipe.monitor,
                                 run.best_value);
  if (run.test) {
    text += run.test->text();
  }
  for (const auto& [letters, next] : run.answers) {
    text += fmt::format("{}->{}\n", letters, next);
  }
  if (run.letters_right) {
    text += fmt::format("right: {:.0f} % of {}\n", 100 * *run.letters_right, run.answers.size());
  }
  std::vector<std::string> names;
  for (const std::string& file : run.files) {
    names.push_back(std::filesystem::path(file).filename().string());
  }
  return text + fmt::format("In {}: {}\n", output, fmt::join(names, ", "));
}

}  // namespace engram::cli
