// SPDX-License-Identifier: Apache-2.0
#include "report/model_boxes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "model/connections.hpp"

namespace engram::report {

namespace {

/// Keras says nothing of the inputs of a layer that is called more than once.
std::string inputs_text(const LayerInfo& layer) {
  return layer.calls == 1 ? shapes_text(layer.input_shapes) : "?";
}

LayerBox layer_box(const LayerInfo& layer, const PlotModelOptions& options) {
  LayerBox box{.name = options.show_layer_names ? layer.name : "", .class_name = layer.class_name};
  if (options.show_layer_activations && !layer.activation.empty()) {
    box.rows.push_back({{.text = {"Activation: ", layer.activation}}});
  }
  std::vector<BoxCell> row;
  if (options.show_shapes && layer.class_name != "InputLayer") {
    row.push_back({.text = {"Input shape: ", inputs_text(layer)}});
  }
  if (options.show_shapes) {
    row.push_back({.text = {"Output shape: ", shapes_text(output_shapes(layer))}});
  }
  if (options.show_dtype) {
    row.push_back({.text = {"Output dtype: ", "float32"}});
  }
  if (options.show_trainable && layer.params > 0) {
    row.push_back({.text = {"", layer.is_trainable ? "Trainable" : "Non-trainable"},
                   .fill = layer.is_trainable ? 0x228b22u : 0xb22222u,
                   .color = 0xffffff});
  }
  if (!row.empty()) {
    box.rows.push_back(std::move(row));
  }
  return box;
}

/// Text between HTML's marks.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string dot_cell(const BoxCell& cell, std::size_t columns) {
  return fmt::format(
      "<td bgcolor=\"#{:06x}\" colspan=\"{}\"><font point-size=\"14\" color=\"#{:06x}\">"
      "{}<b>{}</b></font></td>",
      cell.fill,
      columns,
      cell.color,
      cell.text.plain,
      escaped(cell.text.bold));
}

std::string dot_label(const LayerBox& box) {
  std::size_t columns = 1;
  for (const auto& row : box.rows) {
    columns = std::max(columns, row.size());
  }
  std::string label = fmt::format(
      "<table border=\"0\" cellborder=\"1\" bgcolor=\"black\" cellpadding=\"10\"><tr>"
      "<td colspan=\"{}\" bgcolor=\"black\"><font point-size=\"16\" color=\"white\"><b>{}</b>{}"
      "</font></td></tr>",
      columns,
      escaped(box.name.empty() ? box.class_name : box.name),
      box.name.empty() ? "" : " (" + box.class_name + ")");
  for (const auto& row : box.rows) {
    label += "<tr>";
    for (const BoxCell& cell : row) {
      label += dot_cell(cell, row.size() == 1 ? columns : 1);
    }
    label += "</tr>";
  }
  return label + "</table>";
}

}  // namespace

ModelBoxes model_boxes(const Model& model, const PlotModelOptions& options) {
  ModelBoxes boxes;
  const std::vector<LayerInfo> layers = model.layers();
  std::set<std::pair<int, int>> edges;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    boxes.boxes.push_back(layer_box(layers[i], options));
    for (const LayerLink& link : layers[i].connected_to) {
      const auto from = std::ranges::find(layers, link.layer, &LayerInfo::name) - layers.begin();
      const bool is_shown = from < std::ssize(layers);  // the input of a Sequential is not
      if (is_shown && edges.emplace(static_cast<int>(from), static_cast<int>(i)).second) {
        boxes.edges.push_back({static_cast<int>(from), static_cast<int>(i)});
      }
    }
  }
  return boxes;
}

std::string dot_text(const ModelBoxes& boxes, const std::string& rankdir) {
  std::string dot = fmt::format(
      "digraph G {{\n  rankdir={};\n  concentrate=true;\n  splines=ortho;\n"
      "  node [shape=plain, fontname=Helvetica, margin=0];\n",
      rankdir);
  for (std::size_t i = 0; i < boxes.boxes.size(); ++i) {
    dot += fmt::format("  layer{} [label=<{}>];\n", i, dot_label(boxes.boxes[i]));
  }
  for (const GraphEdge& edge : boxes.edges) {
    dot += fmt::format("  layer{} -> layer{} [penwidth=2];\n", edge.from, edge.to);
  }
  return dot + "}\n";
}

}  // namespace engram::report
