// SPDX-License-Identifier: Apache-2.0
/// What a picture of a model says: a box of text for each layer, and what connects them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engram/plot_model.hpp"
#include "report/graph_layout.hpp"

namespace engram::report {

/// A text of two weights: "Output shape: " and, in bold, "(None, 3)".
struct BoxText {
  std::string plain = {}, bold = {};
};

struct BoxCell {
  BoxText text;
  std::uint32_t fill = 0xffffff, color = 0x222222;
};

/// Rows of cells below a title, as Keras's plot_model shows them.
struct LayerBox {
  std::string name;        ///< empty: not shown
  std::string class_name;  ///< bold where no name is shown
  std::vector<std::vector<BoxCell>> rows;
};

struct ModelBoxes {
  std::vector<LayerBox> boxes;
  std::vector<GraphEdge> edges;  ///< each pair of layers once
};

ModelBoxes model_boxes(const Model& model, const PlotModelOptions& options);

/// The boxes in Graphviz's language.
std::string dot_text(const ModelBoxes& boxes, const std::string& rankdir);

}  // namespace engram::report
