// SPDX-License-Identifier: Apache-2.0
/// engram demo: the stock LSTM of the chapter and the letter programs, from data to pictures.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "engram/recipe.hpp"
#include "report_text.hpp"

namespace engram::cli {

namespace {

constexpr const char* kDemoExamples =
    "  engram demo\n"
    "  engram demo --output /tmp/demo\n";

constexpr const char* kRecipes[] = {"stock-lstm",
                                    "letters-onehot-1",
                                    "letters-onehot-4",
                                    "letters-embedding-1",
                                    "letters-embedding-4"};

void demo(const std::string& folder) {
  for (const std::string name : kRecipes) {
    const bool is_long = name == "stock-lstm";
    const Recipe recipe = load_recipe(name);
    const std::string output = folder + "/" + name;
    fmt::print("\nTraining {}{} ...\n", name, is_long ? " on the bundled, simulated prices" : "");
    std::fflush(stdout);
    const RunResult run = run_recipe(recipe,
                                     {.output = output,
                                      .verbose = is_long ? 1 : 0,
                                      .progress = print_progress,
                                      .is_terminal = is_terminal(),
                                      .stop = &stop_requested()});
    if (run.is_interrupted) {
      throw Interrupted{"Begin again with: engram demo"};
    }
    fmt::print("{}", report_text(recipe, run, output));
  }
  fmt::print(
      "\nPictures: {0}/stock-lstm/loss.png and {0}/stock-lstm/forecast.png\n"
      "Ask the letters model: engram text next {0}/letters-embedding-4/model.keras abcd\n"
      "Your own prices: engram train stock-lstm --data FILE.csv\n",
      folder);
}

}  // namespace

void add_demo(CLI::App& app) {
  CLI::App* command =
      add_command(app,
                  "demo",
                  "Trains the chapter's stock LSTM and letter programs, and draws pictures.",
                  kDemoExamples);
  const auto folder = std::make_shared<std::string>("engram-demo");
  command->add_option("--output", *folder, "Folder to write")->capture_default_str();
  add_threads_option(*command);
  command->callback([folder] { demo(*folder); });
}

}  // namespace engram::cli
