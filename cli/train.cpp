// SPDX-License-Identifier: Apache-2.0
/// engram train: a recipe, or a model file on arrays.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "commands.hpp"
#include "engram/callbacks.hpp"
#include "engram/data.hpp"
#include "engram/io.hpp"
#include "engram/recipe.hpp"
#include "report_text.hpp"

namespace engram::cli {

namespace {

constexpr const char* kTrainExamples =
    "  engram train stock-lstm                          60 days of prices, the next one\n"
    "  engram train stock-gru --data SH600519.csv --column close --epochs 20\n"
    "  engram train stock-lstm --set data.window=30 --set layers.0.units=64\n"
    "  engram train my.toml --output runs/mine          your own recipe\n"
    "  engram train stock-lstm --resume                 go on where the last run stopped\n"
    "  engram train --model m.keras --x x.npy --y y.npy --epochs 5 --output out.keras\n";

struct TrainOptions {
  std::string recipe, model, data, column, output, history, tensorboard;
  std::vector<std::string> settings, x, y;
  std::optional<std::int64_t> epochs, seed, batch_size;
  bool resume = false, no_shuffle = false, quiet = false;
};

/// "key='text'" with the text as a TOML string.
std::string text_setting(const std::string& key, const std::string& text) {
  std::string quoted;
  for (const char c : text) {
    quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  }
  return fmt::format("{}=\"{}\"", key, quoted);
}

std::vector<std::string> all_settings(const TrainOptions& options) {
  std::vector<std::string> settings = options.settings;
  if (!options.data.empty()) {
    settings.push_back(text_setting("data.csv", options.data));
  }
  if (!options.column.empty()) {
    settings.push_back(text_setting("data.column", options.column));
  }
  if (options.epochs) {
    settings.push_back(fmt::format("fit.epochs={}", *options.epochs));
  }
  if (options.batch_size) {
    settings.push_back(fmt::format("fit.batch_size={}", *options.batch_size));
  }
  if (options.seed) {
    settings.push_back(fmt::format("fit.seed={}", *options.seed));
  }
  return settings;
}

void train_recipe(const TrainOptions& options) {
  const Recipe recipe = load_recipe(options.recipe, all_settings(options));
  const std::string output = options.output.empty() ? "runs/" + recipe.name : options.output;
  if (options.resume && !std::filesystem::exists(output + "/last.keras")) {
    print_progress(fmt::format("engram: nothing to resume in {}, beginning anew\n", output));
  }
  const RunResult run = run_recipe(recipe,
                                   {.output = output,
                                    .resume = options.resume,
                                    .verbose = options.quiet ? 0 : 1,
                                    .progress = print_progress,
                                    .is_terminal = is_terminal(),
                                    .stop = &stop_requested()});
  if (run.is_interrupted) {
    throw Interrupted{
        fmt::format("To go on, repeat the command with --resume; {}/last.keras "
                    "holds the training as it was.",
                    output)};
  }
  fmt::print("{}", report_text(recipe, run, output));
}

void train_model(const TrainOptions& options) {
  Model model = load_model(options.model);
  if (options.seed) {
    set_seed(model, static_cast<std::uint64_t>(*options.seed));
  }
  const std::vector<Tensor> x = load_arrays(options.x), y = load_arrays(options.y);
  FitOptions fit = {.batch_size = options.batch_size.value_or(model.batch_size().value_or(32)),
                    .epochs = options.epochs.value_or(1),
                    .verbose = options.quiet ? 0 : 1,
                    .shuffle = !options.no_shuffle,
                    .resume = options.resume,
                    .stop = &stop_requested(),
                    .progress = print_progress,
                    .is_terminal = is_terminal()};
  if (!options.history.empty()) {
    fit.callbacks.push_back(CSVLogger{.filename = options.history});
  }
  if (!options.tensorboard.empty()) {
    fit.callbacks.push_back(TensorBoard{.log_dir = options.tensorboard});
  }
  const History history = model.fit(x, y, fit);
  save_model(model, options.output);
  if (history.is_interrupted) {
    throw Interrupted{
        fmt::format("To go on: engram train --model {} --resume, with the same "
                    "arrays and options.",
                    options.output)};
  }
  for (const auto& [name, values] : history.history) {
    if (!values.empty()) {
      fmt::print("{}: {:.6g}\n", name, values.back());
    }
  }
  fmt::print("wrote {}\n", options.output);
}

void train(const TrainOptions& options) {
  if (options.model.empty() == options.recipe.empty()) {
    throw CLI::RequiredError(
        fmt::format("Either a RECIPE ({}, or a file) or --model", fmt::join(recipe_names(), ", ")));
  }
  if (!options.model.empty() && options.output.empty()) {
    throw CLI::RequiredError("--output, the .keras file to write,");
  }
  options.model.empty() ? train_recipe(options) : train_model(options);
}

void add_recipe_options(CLI::App& command, TrainOptions& options, CLI::Option* recipe) {
  const std::string group = "With a recipe";
  command.add_option("--data", options.data, "A CSV file in place of the recipe's")
      ->needs(recipe)
      ->group(group);
  command.add_option("--column", options.column, "Its column, by name or position from 0")
      ->needs(recipe)
      ->group(group);
  command.add_option("--set", options.settings, "Any entry of the recipe: key=value, many times")
      ->take_all()
      ->allow_extra_args(false)
      ->needs(recipe)
      ->group(group);
}

void add_model_options(CLI::App& command, TrainOptions& options, CLI::Option* recipe) {
  const std::string group = "With a model file";
  CLI::Option* model = command.add_option("--model", options.model, "A compiled .keras file");
  CLI::Option* x = add_arrays_option(
      command, "--x", options.x, "Inputs, a .npy file; one for each input of a graph");
  CLI::Option* y = add_arrays_option(
      command, "--y", options.y, "Targets, a .npy file; one for each output of a graph");
  model->excludes(recipe)->needs(x)->needs(y)->group(group);
  x->needs(model)->group(group);
  y->needs(model)->group(group);
  command.add_flag("--no-shuffle", options.no_shuffle, "Keep the order of the rows")
      ->needs(model)
      ->group(group);
  command.add_option("--history", options.history, "A CSV file of each epoch's figures")
      ->needs(model)
      ->group(group);
  command.add_option("--tensorboard", options.tensorboard, "A folder of logs for TensorBoard")
      ->needs(model)
      ->group(group);
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = add_command(
      app, "train", "Train a recipe, or a compiled .keras file on arrays.", kTrainExamples);
  const auto options = std::make_shared<TrainOptions>();
  CLI::Option* recipe =
      command->add_option("RECIPE",
                          options->recipe,
                          fmt::format("{}, or a TOML file", fmt::join(recipe_names(), ", ")));
  command->add_option("--epochs", options->epochs, "Epochs in all");
  command->add_option("--batch-size", options->batch_size, "Samples an update");
  command->add_option("--seed", options->seed, "Seed of first weights, order and dropout");
  command->add_option("--output",
                      options->output,
                      "Folder to write (default: runs/NAME); with --model, the .keras file");
  command->add_flag("--resume",
                    options->resume,
                    "Go on where the training in the output folder (in the model file) stopped");
  command->add_flag("--quiet", options->quiet, "No progress");
  add_threads_option(*command);
  add_recipe_options(*command, *options, recipe);
  add_model_options(*command, *options, recipe);
  command->callback([options] { train(*options); });
}

}  // namespace engram::cli
