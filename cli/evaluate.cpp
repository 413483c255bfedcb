// SPDX-License-Identifier: Apache-2.0
/// engram evaluate: a series model's errors beside those of the naive forecast.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "commands.hpp"
#include "engram/io.hpp"
#include "engram/recipe.hpp"

namespace engram::cli {

namespace {

constexpr const char* kEvaluateExamples =
    "  engram evaluate runs/stock-lstm/model.keras --data SH600519.csv\n"
    "  engram evaluate runs/stock-lstm/model.keras --data simulated\n"
    "  engram evaluate runs/stock-lstm/model.keras --data new.csv --rows 30\n";

struct EvaluateArguments {
  std::string model, data, column;
  std::optional<std::int64_t> rows;
};

void evaluate(const EvaluateArguments& arguments) {
  Model model = load_model(arguments.model, {.compile = false});
  const SeriesPredictions predictions = predict_series(model, arguments.data, arguments.column);
  const std::int64_t all = static_cast<std::int64_t>(predictions.actual.size());
  const std::int64_t wanted = arguments.rows.value_or(predictions.judged);
  const std::int64_t rows = wanted == 0 ? all : wanted;
  fmt::print("{}", judge(predictions, rows).text());
}

}  // namespace

void add_evaluate(CLI::App& app) {
  CLI::App* command = add_command(
      app,
      "evaluate",
      "MSE, RMSE and MAE in the data's units, beside the naive forecast's on the same rows.",
      kEvaluateExamples);
  const auto arguments = std::make_shared<EvaluateArguments>();
  command->add_option("MODEL", arguments->model, "A .keras file of a stock recipe")->required();
  command->add_option("--data", arguments->data, "A CSV file, or \"simulated\"")->required();
  command->add_option("--column", arguments->column, "Its column (default: the one trained on)");
  command
      ->add_option("--rows",
                   arguments->rows,
                   "Judge the last N rows (default: the recipe's test rows; 0: every row that can "
                   "be predicted)")
      ->check(CLI::NonNegativeNumber);
  add_threads_option(*command);
  command->callback([arguments] { evaluate(*arguments); });
}

}  // namespace engram::cli
