// SPDX-License-Identifier: Apache-2.0
#include "engram/plot_model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "formats/files.hpp"
#include "report/model_boxes.hpp"

namespace engram {

namespace {

using report::Box;
using report::BoxCell;
using report::BoxText;
using report::Canvas;
using report::GraphLayout;
using report::LayerBox;
using report::ModelBoxes;
using report::Point;
using report::Size;
using report::Stroke;
using report::TextStyle;

constexpr double kPadding = 10, kTitleHeight = 28, kRowHeight = 25;
constexpr double kFoot = 0.36;         // of a text's size: from its foot to its middle
constexpr double kMostUnits = 16'000;  // of a picture; a PNG has 1.5 times as many pixels
constexpr std::uint32_t kTitleFill = 0x222222;
constexpr Stroke kEdge = {.color = 0x222222};
constexpr Stroke kLine = {.color = 0x444444, .width = 1.5};
constexpr TextStyle kTitle = {.size = 13, .color = 0xffffff, .is_bold = true};
constexpr TextStyle kText = {.size = 12};

TextStyle bold(TextStyle style) {
  style.is_bold = true;
  return style;
}

TextStyle plain(TextStyle style) {
  style.is_bold = false;
  return style;
}

/// Pieces of a title: its bold beginning and the rest.
BoxText title_text(const LayerBox& box) {
  return box.name.empty() ? BoxText{.bold = box.class_name}
                          : BoxText{.plain = " (" + box.class_name + ")", .bold = box.name};
}

double width_of(Canvas& canvas, const BoxText& text, const TextStyle& style) {
  return canvas.text_width(text.plain, plain(style)) + canvas.text_width(text.bold, bold(style));
}

double row_width(Canvas& canvas, const std::vector<BoxCell>& row) {
  double width = 0;
  for (const BoxCell& cell : row) {
    width += width_of(canvas, cell.text, kText) + 2 * kPadding;
  }
  return width;
}

Size size_of_box(Canvas& canvas, const LayerBox& box) {
  Size size = {width_of(canvas, title_text(box), kTitle) + 2 * kPadding,
               kTitleHeight + kRowHeight * static_cast<double>(box.rows.size())};
  for (const auto& row : box.rows) {
    size.width = std::max(size.width, row_width(canvas, row));
  }
  return size;
}

/// Text in the middle of a box; `is_bold_first` says which piece stands in front.
void draw_text(Canvas& canvas,
               const BoxText& text,
               const Box& box,
               const TextStyle& style,
               bool is_bold_first) {
  const double left = box.left + (box.width - width_of(canvas, text, style)) / 2;
  const double foot = box.top + box.height / 2 + kFoot * style.size;
  const std::string& first = is_bold_first ? text.bold : text.plain;
  const TextStyle first_style = is_bold_first ? bold(style) : plain(style);
  canvas.text(first, {left, foot}, first_style);
  canvas.text(is_bold_first ? text.plain : text.bold,
              {left + canvas.text_width(first, first_style), foot},
              is_bold_first ? plain(style) : bold(style));
}

void draw_box(Canvas& canvas, const LayerBox& box, const Box& place) {
  Box row_box = {place.left, place.top, place.width, kTitleHeight};
  canvas.box(row_box, kTitleFill, 1, kEdge);
  draw_text(canvas, title_text(box), row_box, kTitle, true);
  row_box = {place.left, row_box.bottom(), place.width, kRowHeight};
  for (const auto& row : box.rows) {
    const double spare = (place.width - row_width(canvas, row)) / static_cast<double>(row.size());
    double left = place.left;
    for (const BoxCell& cell : row) {
      const double width = width_of(canvas, cell.text, kText) + 2 * kPadding + spare;
      const Box cell_box = {left, row_box.top, width, kRowHeight};
      TextStyle style = kText;
      style.color = cell.color;
      canvas.box(cell_box, cell.fill, 1, kEdge);
      draw_text(canvas, cell.text, cell_box, style, false);
      left += width;
    }
    row_box.top += kRowHeight;
  }
}

void draw_line(Canvas& canvas, const std::vector<Point>& points, bool is_level, bool leads_back) {
  Stroke stroke = kLine;
  stroke.is_dashed = leads_back;
  for (std::size_t i = 1; i < points.size(); ++i) {
    canvas.bend(points[i - 1], points[i], is_level, stroke);
  }
  const Point tip = points.back();
  const Point before = is_level ? Point{tip.x - 1, tip.y} : Point{tip.x, tip.y - 1};
  canvas.arrow_head(leads_back ? points[points.size() - 2] : before, tip, kLine);
}

/// Ranks from left to right: the layout of boxes that lie on their sides, turned.
GraphLayout turned(GraphLayout layout) {
  for (Box& box : layout.boxes) {
    box = {box.top, box.left, box.height, box.width};
  }
  for (std::vector<Point>& line : layout.lines) {
    for (Point& point : line) {
      point = {point.y, point.x};
    }
  }
  layout.size = {layout.size.height, layout.size.width};
  return layout;
}

GraphLayout layout_of(const ModelBoxes& boxes, bool is_level) {
  std::vector<Size> sizes;
  report::draw_svg({1, 1}, [&](Canvas& canvas) {  // only to measure
    for (const LayerBox& box : boxes.boxes) {
      const Size size = size_of_box(canvas, box);
      sizes.push_back(is_level ? Size{size.height, size.width} : size);
    }
  });
  GraphLayout layout = report::lay_out(sizes, boxes.edges);
  if (is_level) {
    layout = turned(std::move(layout));
  }
  if (std::max(layout.size.width, layout.size.height) > kMostUnits) {
    throw error<OptionError>(
        {.where = "plot_model",
         .expected = fmt::format("a picture of at most {} units a side", kMostUnits),
         .got = fmt::format("{:.0f} by {:.0f}", layout.size.width, layout.size.height),
         .remedy = "Write a .dot file, or show less."});
  }
  return layout;
}

ModelBoxes checked_boxes(const Model& model, const PlotModelOptions& options) {
  if (options.rankdir != "TB" && options.rankdir != "LR") {
    throw error<OptionError>({.where = "plot_model",
                              .expected = "rankdir 'TB' or 'LR'",
                              .got = in_quotes(options.rankdir)});
  }
  if (!model.is_built()) {
    throw error<StateError>({.where = "plot_model",
                             .expected = "a built model",
                             .got = "'" + model.name() + "' without shapes",
                             .remedy = "Call build, or give it an Input."});
  }
  return report::model_boxes(model, options);
}

}  // namespace

std::string model_to_dot(const Model& model, const PlotModelOptions& options) {
  return report::dot_text(checked_boxes(model, options), options.rankdir);
}

void plot_model(const Model& model, const std::string& to_file, const PlotModelOptions& options) {
  if (to_file.ends_with(".dot")) {
    formats::replace_file(to_file, model_to_dot(model, options));
    return;
  }
  const bool is_svg = to_file.ends_with(".svg");
  if (!is_svg && !to_file.ends_with(".png")) {
    throw error<OptionError>({.where = "plot_model",
                              .expected = "a file that ends in .svg, .png or .dot",
                              .got = in_quotes(to_file)});
  }
  const ModelBoxes boxes = checked_boxes(model, options);
  const bool is_level = options.rankdir == "LR";
  const GraphLayout layout = layout_of(boxes, is_level);
  const auto draw = [&](Canvas& canvas) {
    for (std::size_t i = 0; i < boxes.edges.size(); ++i) {
      const bool leads_back = boxes.edges[i].from >= boxes.edges[i].to;
      draw_line(canvas, layout.lines[i], is_level, leads_back);
    }
    for (std::size_t i = 0; i < boxes.boxes.size(); ++i) {
      draw_box(canvas, boxes.boxes[i], layout.boxes[i]);
    }
  };
  formats::replace_file(
      to_file, is_svg ? report::draw_svg(layout.size, draw) : report::draw_png(layout.size, draw));
}

}  // namespace engram
