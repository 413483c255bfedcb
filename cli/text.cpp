// SPDX-License-Identifier: Apache-2.0
/// engram text next: the letter after some letters.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "commands.hpp"
#include "engram/error.hpp"
#include "engram/io.hpp"
#include "engram/recipe.hpp"

namespace engram::cli {

namespace {

constexpr const char* kTextExamples =
    "  engram text next runs/letters-embedding-4/model.keras abcd\n";

constexpr const char* kNextExamples =
    "  engram text next runs/letters-embedding-4/model.keras abcd       prints abcd->e\n"
    "  engram text next runs/letters-embedding-4/model.keras            asks for letters\n"
    "  printf '1\\nabcd\\n' | engram text next runs/letters-embedding-4/model.keras\n";

struct NextOptions {
  std::string model;
  std::vector<std::string> letters;
};

void answer(Model& model, const std::string& letters) {
  fmt::print("{}->{}\n", letters, next_letter(model, letters));
  std::fflush(stdout);
}

/// Asks as the chapter's programs do: how many tests, then the letters of each.
void ask(Model& model) {
  fmt::print(stderr, "input the number of test alphabet:");
  std::int64_t tests = 0;
  if (!(std::cin >> tests)) {
    throw OptionError("text next: expected a number of tests. Type how many inputs will follow.");
  }
  std::string letters;
  while (tests > 0) {
    fmt::print(stderr, "input test alphabet:");
    if (!(std::cin >> letters)) {
      return;
    }
    try {
      answer(model, letters);
      --tests;
    } catch (const OptionError& fault) {
      fmt::print(stderr, "engram: {}\n", fault.what());  // ask again
    }
  }
}

void next(const NextOptions& options) {
  Model model = load_model(options.model, {.compile = false});
  if (options.letters.empty()) {
    ask(model);
  }
  for (const std::string& letters : options.letters) {
    answer(model, letters);
  }
}

}  // namespace

void add_text(CLI::App& app) {
  CLI::App* text = add_command(app, "text", "Ask a model of letters.", kTextExamples);
  text->require_subcommand(1);
  CLI::App* command = add_command(
      *text, "next", "The next letter; without LETTERS it asks for them.", kNextExamples);
  const auto options = std::make_shared<NextOptions>();
  command->add_option("MODEL", options->model, "A .keras file of a letters recipe")->required();
  command->add_option("LETTERS", options->letters, "As many letters as the model's window")
      ->take_all();
  command->callback([options] { next(*options); });
}

}  // namespace engram::cli
