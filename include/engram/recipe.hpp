// SPDX-License-Identifier: Apache-2.0
/// Recipes: a whole training (data, layers, optimizer, epochs) in one TOML file, and what is left
/// of it in a trained model, so that the model can be used on new data.
///
/// Example:
///   Recipe recipe = load_recipe("stock-lstm", {"fit.epochs=5"});
///   RunResult run = run_recipe(recipe, {.output = "runs/stock-lstm"});
///   puts(run.test->text().c_str());
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engram/data.hpp"
#include "engram/model.hpp"
#include "engram/sequential.hpp"

namespace engram {

/// A column of a CSV file, cut into windows: `window` values in, the value after them out.
struct SeriesSource {
  std::string csv = "simulated";  ///< a path, or "simulated": the series that comes with engram
  std::string column = "open";    ///< a name, or a position from 0
  std::string date = "";          ///< the column that labels the rows; "": none
  std::int64_t window = 60;
  std::int64_t test_rows = 300;   ///< the last rows, kept out of the training
  std::string scaler = "minmax";  ///< minmax, standard, none; fitted on the training rows only
};

/// An alphabet, cut into windows: `window` letters in, the letter after them out.
struct LettersSource {
  std::string letters;  ///< in their order
  std::int64_t window = 1;
  bool cycle = false;                ///< after the last letter comes the first
  std::string encoding = "one_hot";  ///< one_hot, id
};

struct Recipe {
  std::string name;
  std::variant<SeriesSource, LettersSource> data;
  std::optional<std::int64_t> shuffle_seed;  ///< order of the training samples, as numpy's; or none
  std::vector<Layer> layers;
  CompileOptions compile;
  std::int64_t batch_size = 32;
  std::int64_t epochs = 1;
  std::int64_t seed = 0;
  bool validates_on_test = false;
  double validation_split = 0.0;
  std::string monitor = "loss";  ///< the checkpoint keeps the epoch that was best by it
  std::string toml;              ///< the recipe with every option that it left out
};

/// The names of the recipes that come with engram.
std::vector<std::string> recipe_names();

/// Reads one of those, or a file; then sets `settings`, such as "fit.epochs=5" or
/// "layers.0.units=32". Errors: OptionError naming file, line, key and the nearest name; IoError.
Recipe load_recipe(const std::string& name_or_path, const std::vector<std::string>& settings = {});

/// The table of a CSV file, or of the series that comes with engram ("simulated").
/// Errors: IoError, DataError, as read_csv.
CsvTable read_series(const std::string& csv);

/// What a recipe trains on. The notes say how the arrays were made; they belong into the model.
struct Samples {
  /// What the views look at.
  struct Memory {
    Tensor x, y, test;
    std::vector<std::int64_t> order;
  };

  std::unique_ptr<Memory> memory;
  RowsView x, y;            ///< of the training
  RowsView x_test, y_test;  ///< empty when there are none
  std::map<std::string, std::string> notes;
};

/// Errors: IoError, DataError naming file, row and column.
Samples make_samples(const Recipe& recipe);

/// The layers, compiled, with first weights by the recipe's seed. Not yet built.
Sequential make_model(const Recipe& recipe);

/// Sets what a model's random numbers go by: the order of samples, dropout and, before the model is
/// built, first weights. A model from a file comes with the seed that it was trained with.
void set_seed(Model& model, std::uint64_t seed);

struct RunOptions {
  std::string output;                       ///< a folder, made when missing
  bool resume = false;                      ///< go on from the last.keras in it
  int verbose = 0;                          ///< as FitOptions
  ProgressSink progress = {};               ///< as FitOptions
  bool is_terminal = false;                 ///< as FitOptions
  const std::atomic<bool>* stop = nullptr;  ///< as FitOptions
};

/// A series model's answers for a CSV file; entry i belongs to row `first_row` + i of the file.
struct SeriesPredictions {
  std::string column;
  std::int64_t first_row = 0;       ///< from 0: the window's length
  std::vector<std::string> labels;  ///< of the rows predicted; empty without a date column
  std::vector<double> actual, naive, predicted;
  double next = 0;                  ///< after the last row
  std::int64_t judged = 0;          ///< the last entries, as many as the recipe's test windows
  std::int64_t trained_rows = 0;    ///< first rows of the file that the model was trained on
  std::int64_t selection_rows = 0;  ///< rows after them that chose the epoch that was kept

  /// Rows of row (from 1), label, value and prediction; the last is the value after the file.
  std::string csv() const;

  /// Errors: IoError; the file is the old one or the new one at every moment.
  void save_csv(const std::string& path) const;
};

/// Errors: OptionError for a model without a series' notes; DataError for a table that lacks the
/// column or has too few rows. `column`, when given, takes the place of the model's.
SeriesPredictions predict_series(Model& model,
                                 const std::string& csv,
                                 const std::string& column = "");

/// Errors of predictions in the series' own units, beside those of the naive forecast (the value of
/// the row before) on the same rows.
struct SeriesJudgement {
  ForecastErrors model, naive;
  std::string column;
  std::int64_t first_row = 0, rows = 0;    ///< judged, of the file, from 0
  std::int64_t trained = 0, selected = 0;  ///< of them: trained on; chose the epoch that was kept

  /// 1 - MSE / MSE of the naive forecast; 1 is perfect, 0 as good as naive, below 0 worse.
  double skill() const;

  /// A table of both, and a sentence that says which is better.
  std::string text() const;
};

/// Of the last `rows` predictions; fewer when there are fewer. Errors: DataError when there is
/// none.
SeriesJudgement judge(const SeriesPredictions& predictions, std::int64_t rows);

/// The letter after `letters`. Errors: OptionError for a model without an alphabet's notes, for
/// another number of letters, or for a letter outside the alphabet.
std::string next_letter(Model& model, const std::string& letters);

struct RunResult {
  bool is_interrupted = false;          ///< by RunOptions::stop; only last.keras is up to date then
  std::int64_t epochs = 0;              ///< done, earlier ones of a resumed run included
  std::int64_t best_epoch = 0;          ///< from 1: the one in model.keras
  double best_value = 0;                ///< of the recipe's monitor
  std::optional<SeriesJudgement> test;  ///< of a series with test rows
  std::vector<std::pair<std::string, std::string>>
      answers;                          ///< letters: each window and its answer
  std::optional<double> letters_right;  ///< share of them that is right
  std::vector<std::string> files;       ///< written, names inside the folder
};

/// Trains; writes model.keras (the best epoch by the monitor), last.keras (to resume from),
/// history.csv, weights.txt, pictures, recipe.toml and run.json into options.output.
/// Errors: those of make_samples, fit and save_model.
RunResult run_recipe(const Recipe& recipe, const RunOptions& options);

}  // namespace engram
