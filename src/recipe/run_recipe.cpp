// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/error.hpp"
#include "engram/io.hpp"
#include "engram/recipe.hpp"
#include "formats/files.hpp"
#include "recipe/letters.hpp"
#include "recipe/run_files.hpp"

namespace engram {

namespace {

constexpr const char* kModel = "model.keras";
constexpr const char* kLast = "last.keras";
constexpr const char* kHistory = "history.csv";
constexpr const char* kRecipe = "recipe.toml";

// A killed run loses this much at most; a letter program of 100 epochs does not sync 200 files.
constexpr double kSaveSeconds = 1.0;

FitOptions fit_options(const Recipe& recipe, const RunOptions& run, const Samples& samples) {
  const std::string folder = run.output + "/";
  FitOptions fit = {.batch_size = recipe.batch_size,
                    .epochs = recipe.epochs,
                    .verbose = run.verbose,
                    .callbacks = {ModelCheckpoint{.filepath = folder + kModel,
                                                  .monitor = recipe.monitor,
                                                  .save_best_only = true,
                                                  .min_seconds = kSaveSeconds},
                                  CSVLogger{.filename = folder + kHistory},
                                  BackupAndRestore{.backup_dir = run.output,
                                                   .filename = kLast,
                                                   .restore = run.resume,
                                                   .delete_checkpoint = false,
                                                   .min_seconds = kSaveSeconds}},
                    .validation_split = recipe.validation_split,
                    .stop = run.stop,
                    .progress = run.progress,
                    .is_terminal = run.is_terminal};
  if (recipe.validates_on_test) {
    fit.validation_data = {.x = samples.x_test, .y = samples.y_test};
  }
  return fit;
}

/// Finds the epoch that ModelCheckpoint kept: the first of the best ones.
void find_best(const Recipe& recipe, const History& history, RunResult& result) {
  const auto found = history.history.find(recipe.monitor);
  const bool is_higher_better = recipe.monitor.ends_with("accuracy");
  for (std::size_t i = 0; found != history.history.end() && i < found->second.size(); ++i) {
    const double value = found->second[i];
    const double gain = is_higher_better ? value - result.best_value : result.best_value - value;
    if (std::isfinite(value) && (result.best_epoch == 0 || gain > 0)) {
      result.best_epoch = history.epoch[i] + 1;
      result.best_value = value;
    }
  }
  if (result.best_epoch == 0) {
    throw error<DataError>({.where = recipe.name,
                            .expected = fmt::format("an epoch with a finite {}", recipe.monitor),
                            .got = "none, the training diverged",
                            .remedy = "Lower the learning rate, or set clipnorm."});
  }
}

void judge_letters(const Recipe& recipe, Model& best, RunResult& result) {
  const auto& source = std::get<LettersSource>(recipe.data);
  const LetterWindows windows = letter_windows(source);
  const std::vector<std::string> letters = characters(source.letters);
  result.answers = letter_answers(best, source, windows.ids);
  double right = 0;
  for (std::size_t i = 0; i < result.answers.size(); ++i) {
    right +=
        result.answers[i].second == letters[static_cast<std::size_t>(windows.next.values()[i])];
  }
  result.letters_right = right / static_cast<double>(result.answers.size());
}

/// The model goes when it is trained: its files are there, and pictures need memory too.
History train(const Recipe& recipe, const RunOptions& options) {
  const Samples samples = make_samples(recipe);
  Model model = make_model(recipe);
  model.notes() = samples.notes;
  formats::make_directories(options.output);
  formats::replace_file(options.output + "/" + kRecipe, recipe.toml);
  return model.fit(samples.x, samples.y, fit_options(recipe, options, samples));
}

}  // namespace

RunResult run_recipe(const Recipe& recipe, const RunOptions& options) {
  const History history = train(recipe, options);

  RunResult result = {.epochs = static_cast<std::int64_t>(history.epoch.size()),
                      .files = {kModel, kLast, kHistory, kRecipe}};
  if (options.stop != nullptr && *options.stop && result.epochs < recipe.epochs) {
    result.is_interrupted = true;
    return result;
  }
  find_best(recipe, history, result);
  Model best = load_model(options.output + "/" + kModel);
  std::optional<SeriesPredictions> predictions;
  if (const auto* series = std::get_if<SeriesSource>(&recipe.data)) {
    predictions = predict_series(best, series->csv);
    if (series->test_rows > 0) {
      result.test = judge(*predictions, predictions->judged);
    }
  } else {
    judge_letters(recipe, best, result);
  }
  const std::vector<std::string> files =
      write_run_files(options.output,
                      {.recipe = recipe,
                       .result = result,
                       .history = history,
                       .best = best,
                       .predictions = predictions ? &*predictions : nullptr});
  result.files.insert(result.files.end(), files.begin(), files.end());
  return result;
}

}  // namespace engram
