// SPDX-License-Identifier: Apache-2.0
/// engram predict: a model's output for arrays, or for a CSV file in its own units.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "engram/data.hpp"
#include "engram/io.hpp"
#include "engram/recipe.hpp"

namespace engram::cli {

namespace {

constexpr const char* kExamples =
    "  engram predict runs/stock-lstm/model.keras --data SH600519.csv\n"
    "  engram predict runs/stock-lstm/model.keras --data SH600519.csv --output predicted.csv\n"
    "  engram predict any.keras --input x.npy --output y.npy\n";

struct PredictArguments {
  std::string model, input, data, column, output;
};

void predict_arrays(Model& model, const PredictArguments& arguments) {
  const Tensor y = model.predict(load_npy(arguments.input));
  save_npy(arguments.output, y);
  fmt::print("wrote {} {}\n", arguments.output, to_string(y.shape()));
}

void predict_csv(Model& model, const PredictArguments& arguments) {
  const SeriesPredictions predictions = predict_series(model, arguments.data, arguments.column);
  if (arguments.output.empty()) {
    fmt::print("{}", predictions.csv());
    return;
  }
  predictions.save_csv(arguments.output);
  fmt::print("wrote {} ({} rows)\n", arguments.output, predictions.predicted.size() + 1);
  fmt::print("next value of {} after row {}: {:.6f}\n",
             predictions.column,
             predictions.first_row + std::int64_t(predictions.predicted.size()),
             predictions.next);
}

void predict(const PredictArguments& arguments) {
  if (arguments.input.empty() == arguments.data.empty()) {
    throw CLI::RequiredError("Either --input x.npy with --output y.npy, or --data FILE.csv");
  }
  Model model = load_model(arguments.model, {.compile = false});
  arguments.data.empty() ? predict_arrays(model, arguments) : predict_csv(model, arguments);
}

}  // namespace

void add_predict(CLI::App& app) {
  CLI::App* command =
      add_command(app,
                  "predict",
                  "A model's output for arrays, or for a CSV file, with the next value.",
                  kExamples);
  const auto arguments = std::make_shared<PredictArguments>();
  command->add_option("MODEL", arguments->model, "A .keras file")->required();
  CLI::Option* input = command->add_option("--input", arguments->input, "Inputs, a .npy file");
  CLI::Option* data =
      command->add_option("--data", arguments->data, "A CSV file, for a model of a stock recipe");
  command->add_option("--column", arguments->column, "Its column (default: the one trained on)")
      ->needs(data);
  input->needs(command->add_option(
      "--output", arguments->output, "The .npy or CSV file to write (a CSV: else to stdout)"));
  add_threads_option(*command);
  command->callback([arguments] { predict(*arguments); });
}

}  // namespace engram::cli
