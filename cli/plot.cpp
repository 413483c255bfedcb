// SPDX-License-Identifier: Apache-2.0
/// engram plot: a picture of a model's layers.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "engram/io.hpp"
#include "engram/plot_model.hpp"

namespace engram::cli {

namespace {

constexpr const char* kPlotExamples =
    "  engram plot runs/stock-lstm/model.keras model.svg --show-shapes\n"
    "  engram plot any.keras model.dot --rankdir LR\n";

struct Arguments {
  std::string model, picture;
  PlotModelOptions options;
};

}  // namespace

void add_plot(CLI::App& app) {
  CLI::App* command =
      add_command(app, "plot", "A picture of a model: .svg, .png, or .dot.", kPlotExamples);
  const auto arguments = std::make_shared<Arguments>();
  PlotModelOptions& options = arguments->options;
  command->add_option("MODEL", arguments->model, "A .keras file")->required();
  command->add_option("PICTURE", arguments->picture, "The file to write")->required();
  command->add_flag("--show-shapes", options.show_shapes, "Shapes of inputs and outputs");
  command->add_flag("--show-activations", options.show_layer_activations, "The option activation");
  command->add_flag("--show-trainable", options.show_trainable, "Which layers training changes");
  command->add_option("--rankdir", options.rankdir, "TB: downwards (default); LR: to the right");
  command->callback([arguments] {
    plot_model(load_model(arguments->model), arguments->picture, arguments->options);
    fmt::print("{}\n", arguments->picture);
  });
}

}  // namespace engram::cli
