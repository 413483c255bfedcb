// SPDX-License-Identifier: Apache-2.0
/// engram predict: a model's output for arrays, or for a CSV file in its own units.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "engram/data.hpp"
#include "engram/datasets.hpp"
#include "engram/io.hpp"
#include "engram/recipe.hpp"

namespace engram::cli {

namespace {

constexpr const char* kPredictExamples =
    "  engram predict runs/stock-lstm/model.keras --data SH600519.csv\n"
    "  engram predict runs/stock-lstm/model.keras --data SH600519.csv --output predicted.csv\n"
    "  engram predict any.keras --input x.npy --output y.npy\n"
    "  engram predict texts.keras --texts lines.txt\n"
    "  engram predict graph.keras --input a.npy --input b.npy --output y.npy\n";

struct PredictArguments {
  std::string model, data, column, texts;
  std::vector<std::string> input, output;
};

void predict_arrays(Model& model, const PredictArguments& arguments) {
  PredictOptions options;
  options.batch_size = model.batch_size().value_or(options.batch_size);
  const std::vector<Tensor> y = model.predict(load_arrays(arguments.input), options);
  if (arguments.output.size() != y.size()) {
    throw CLI::ValidationError("--output",
                               fmt::format("once for each of the model's {} outputs", y.size()));
  }
  for (std::size_t i = 0; i < y.size(); ++i) {
    save_npy(arguments.output[i], y[i]);
    fmt::print("wrote {} {}\n", arguments.output[i], to_string(y[i].shape()));
  }
}

void predict_csv(Model& model, const PredictArguments& arguments) {
  const SeriesPredictions predictions = predict_series(model, arguments.data, arguments.column);
  if (arguments.output.empty()) {
    fmt::print("{}", predictions.csv());
    return;
  }
  const std::string& output = arguments.output.back();
  predictions.save_csv(output);
  fmt::print("wrote {} ({} rows)\n", output, predictions.predicted.size() + 1);
  fmt::print("next value of {} after row {}: {:.6f}\n",
             predictions.column,
             predictions.first_row + std::int64_t(predictions.predicted.size()),
             predictions.next);
}

/// A line of numbers for each line of texts, or a .npy file. Batches are Keras's.
void predict_texts(Model& model, const PredictArguments& arguments) {
  const Tensor y = model.predict(read_lines(arguments.texts), {.batch_size = 32});
  if (!arguments.output.empty()) {
    save_npy(arguments.output.back(), y);
    fmt::print("wrote {} {}\n", arguments.output.back(), to_string(y.shape()));
    return;
  }
  const std::int64_t width = y.size() / y.shape()[0];
  for (std::int64_t i = 0; i < y.size(); ++i) {
    fmt::print("{:.6g}{}", y.data()[i], (i + 1) % width == 0 ? '\n' : ',');
  }
}

void predict(const PredictArguments& arguments) {
  const int given = !arguments.input.empty() + !arguments.data.empty() + !arguments.texts.empty();
  if (given != 1) {
    throw CLI::RequiredError(
        "Either --input x.npy with --output y.npy, --data FILE.csv, or --texts FILE");
  }
  Model model = load_model(arguments.model, {.compile = false});
  if (!arguments.texts.empty()) {
    predict_texts(model, arguments);
  } else {
    arguments.data.empty() ? predict_arrays(model, arguments) : predict_csv(model, arguments);
  }
}

}  // namespace

void add_predict(CLI::App& app) {
  CLI::App* command =
      add_command(app,
                  "predict",
                  "A model's output for arrays, or for a CSV file, with the next value.",
                  kPredictExamples);
  const auto arguments = std::make_shared<PredictArguments>();
  command->add_option("MODEL", arguments->model, "A .keras file")->required();
  CLI::Option* input = add_arrays_option(
      *command, "--input", arguments->input, "Inputs, a .npy file; one for each input of a graph");
  CLI::Option* data =
      command->add_option("--data", arguments->data, "A CSV file, for a model of a stock recipe");
  command->add_option("--column", arguments->column, "Its column (default: the one trained on)")
      ->needs(data);
  command->add_option("--texts", arguments->texts, "A file of texts, one a line");
  input->needs(add_arrays_option(
      *command,
      "--output",
      arguments->output,
      "The .npy or CSV file to write (a CSV, and for texts: else to stdout); one for each output"));
  add_threads_option(*command);
  command->callback([arguments] { predict(*arguments); });
}

}  // namespace engram::cli
