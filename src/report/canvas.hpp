// SPDX-License-Identifier: Apache-2.0
/// Lines, boxes and text on a Cairo surface. The only place that sees Cairo.
///
/// Example: const std::string svg = draw_svg({320, 200}, [](Canvas& canvas) {
///            canvas.text("hello", {20, 20}, {});
///          });
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>

struct _cairo;  // Cairo's context

namespace engram::report {

struct Point {
  double x;
  double y;
};

struct Size {
  double width;
  double height;
};

struct Box {
  double left;
  double top;
  double width;
  double height;

  double right() const { return left + width; }

  double bottom() const { return top + height; }

  bool contains(Point p) const {
    return p.x >= left && p.x <= right() && p.y >= top && p.y <= bottom();
  }
};

struct Stroke {
  std::uint32_t color = 0;  ///< 0xRRGGBB
  double width = 1;
  bool is_dashed = false;
};

enum class Anchor { start, middle, end };  ///< what of a text lies at its point

struct TextStyle {
  double size = 12;
  std::uint32_t color = 0x222222;
  Anchor anchor = Anchor::start;
  bool is_bold = false;
  bool is_upright = false;                                      ///< read from bottom to top
  double most_width = std::numeric_limits<double>::infinity();  ///< longer texts are drawn smaller
};

class Canvas {
 public:
  explicit Canvas(_cairo* context) : context_(context) {}

  void line(Point from, Point to, const Stroke& stroke);
  /// A line through `points` inside `frame`; NaN breaks it, and a point alone becomes a dot.
  void curve(std::span<const Point> points, const Box& frame, const Stroke& stroke);
  /// A line that leaves `from` and meets `to` upright, or level when `is_level`.
  void bend(Point from, Point to, bool is_level, const Stroke& stroke);
  /// The head at `tip` of an arrow that comes from `from`, which lies straight above, below or
  /// beside it.
  void arrow_head(Point from, Point tip, const Stroke& stroke);
  void box(const Box& box, std::uint32_t fill, double opacity, const Stroke& edge);
  /// One line of text, its foot at `at`.
  void text(const std::string& text, Point at, TextStyle style);
  double text_width(const std::string& text, const TextStyle& style);

 private:
  void set_color(std::uint32_t color, double opacity = 1);
  void set_stroke(const Stroke& stroke);
  void set_font(const std::string& text, const TextStyle& style);

  _cairo* context_;
};

using Draw = std::function<void(Canvas&)>;

/// The bytes of a PNG with 1.5 pixels for each unit of `size`, on white.
/// Errors: OptionError for text that is not UTF-8; InternalError for any other of Cairo's.
std::string draw_png(Size size, const Draw& draw);

/// The bytes of an SVG file; text becomes outlines, so that it needs no font where it is shown.
std::string draw_svg(Size size, const Draw& draw);

}  // namespace engram::report
