// SPDX-License-Identifier: Apache-2.0
/// A picture of a model's layers and of what flows between them.
///
/// Example: plot_model(model, "model.svg", {.show_shapes = true});
#pragma once

#include <string>

#include "engram/model.hpp"

namespace engram {

/// Keras's options, with its names and defaults.
struct PlotModelOptions {
  bool show_shapes = false;
  bool show_dtype = false;
  bool show_layer_names = true;
  std::string rankdir = "TB";  ///< "TB": inputs on top; "LR": inputs on the left
  bool show_layer_activations = false;
  bool show_trainable = false;
};

/// The graph in Graphviz's language, a box for each layer. Errors: OptionError for another rankdir;
/// StateError for a model that is not built.
std::string model_to_dot(const Model& model, const PlotModelOptions& options = {});

/// Draws the graph into the file `to_file`: .svg, .png, or .dot for Graphviz. A connection that
/// leads back to a layer above, which is then called again, is dashed.
/// Errors: as model_to_dot; OptionError for another ending or a picture beyond 16,000 units a side;
/// IoError.
void plot_model(const Model& model,
                const std::string& to_file,
                const PlotModelOptions& options = {});

}  // namespace engram
