// SPDX-License-Identifier: Apache-2.0
#include "report/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "report/axis.hpp"

namespace engram::report {

namespace {

/// Tells apart under every common form of colour blindness.
/// Source: Okabe & Ito 2002, "Color Universal Design"; yellow left out, too pale for lines on
/// white.
constexpr std::array<std::uint32_t, 7> kPalette = {
    0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0x56b4e9, 0xe69f00, 0x333333};

constexpr TextStyle kTitle = {.size = 15, .anchor = Anchor::middle, .is_bold = true};
constexpr TextStyle kLabel = {.size = 12.5, .color = 0x333333, .anchor = Anchor::middle};
constexpr TextStyle kTickX = {.size = 11.5, .color = 0x555555, .anchor = Anchor::middle};
constexpr TextStyle kTickY = {.size = 11.5, .color = 0x555555, .anchor = Anchor::end};
constexpr TextStyle kLegend = {.size = 12};
constexpr Stroke kGrid = {.color = 0xe8e8e8};
constexpr Stroke kFrame = {.color = 0x999999};
constexpr double kMiddle = 0.36;     // of a text's size: from its foot to the middle of its digits
constexpr double kGap = 14;          // around a plot, and between its parts
constexpr std::size_t kDense = 400;  // lines of more points are drawn thinner

constexpr Point kNowhere = {0, std::numeric_limits<double>::quiet_NaN()};  // a gap

double x_of(const Series& series, std::size_t i) {
  return series.x.empty() ? static_cast<double>(i) : series.x[i];
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool is_integer = true;

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
    is_integer = is_integer && value == std::floor(value);
  }

  bool is_empty() const { return low > high; }
};

struct Axes {
  Axis x;
  Axis y;
  bool is_empty = false;  // nothing can be drawn
};

Axes axes_of(const Plot& plot, const Box& outside) {
  Range x;
  Range y;
  for (const Series& series : plot.series) {
    for (std::size_t i = 0; i < series.y.size(); ++i) {
      if (is_drawable(x_of(series, i), false) && is_drawable(series.y[i], plot.log_y)) {
        x.add(x_of(series, i));
        y.add(series.y[i]);
      }
    }
  }
  const bool is_empty = x.is_empty();
  if (is_empty) {
    x = {.low = 0, .high = 1};
    y = {.low = 1, .high = 10};
  }
  const auto ticks = [](double units, double each) {
    return std::max(2, static_cast<int>(units / each));
  };
  return {.x = make_axis(
              x.low, x.high, {.most_ticks = ticks(outside.width, 80), .is_integer = x.is_integer}),
          .y = make_axis(
              y.low, y.high, {.most_ticks = ticks(outside.height, 60), .is_log = plot.log_y}),
          .is_empty = is_empty};
}

/// The box between the axes: what title, labels and ticks leave of `outside`.
Box inside_of(Canvas& canvas, const Plot& plot, const Axes& axes, const Box& outside) {
  double tick_width = 0;
  for (const Tick& tick : axes.y.ticks) {
    tick_width = std::max(tick_width, canvas.text_width(tick.label, kTickY));
  }
  const double left = kGap + (plot.y_label.empty() ? 0 : kLabel.size + 8) + tick_width + 8;
  const double top = kGap + (plot.title.empty() ? 0 : kTitle.size + 12);
  const double bottom = kGap + kTickX.size + 6 + (plot.x_label.empty() ? 0 : kLabel.size + 8);
  // whole units keep the grid's lines sharp
  return {std::round(outside.left + left),
          std::round(outside.top + top),
          std::round(outside.width - left - kGap - 6),
          std::round(outside.height - top - bottom)};
}

Point place(const Axes& axes, const Box& inside, double x, double y) {
  return {inside.left + axes.x.position(x) * inside.width,
          inside.bottom() - axes.y.position(y) * inside.height};
}

void draw_frame(
    Canvas& canvas, const Plot& plot, const Axes& axes, const Box& inside, const Box& outside) {
  for (const Tick& tick : axes.x.ticks) {
    const double x = std::round(place(axes, inside, tick.value, axes.y.high).x);
    canvas.line({x, inside.top}, {x, inside.bottom()}, kGrid);
    canvas.line({x, inside.bottom()}, {x, inside.bottom() + 4}, kFrame);
    canvas.text(tick.label, {x, inside.bottom() + 6 + kTickX.size}, kTickX);
  }
  for (const Tick& tick : axes.y.ticks) {
    const double y = std::round(place(axes, inside, axes.x.low, tick.value).y);
    canvas.line({inside.left, y}, {inside.right(), y}, kGrid);
    canvas.line({inside.left - 4, y}, {inside.left, y}, kFrame);
    canvas.text(tick.label, {inside.left - 8, y + kMiddle * kTickY.size}, kTickY);
  }
  canvas.line({inside.left, inside.top}, {inside.left, inside.bottom()}, kFrame);
  canvas.line({inside.left, inside.bottom()}, {inside.right(), inside.bottom()}, kFrame);

  const auto fitted = [](TextStyle style, double most_width) {
    style.most_width = most_width;
    return style;
  };
  const double middle = inside.left + inside.width / 2;
  canvas.text(plot.title,
              {outside.left + outside.width / 2, outside.top + kGap + kTitle.size},
              fitted(kTitle, outside.width - kGap));
  canvas.text(plot.x_label, {middle, outside.bottom() - kGap}, fitted(kLabel, inside.width));
  TextStyle upright = fitted(kLabel, inside.height);
  upright.is_upright = true;
  canvas.text(plot.y_label,
              {outside.left + kGap + kLabel.size - 2, inside.top + inside.height / 2},
              upright);
  if (axes.is_empty) {
    canvas.text("no values", {middle, inside.top + inside.height / 2}, kLabel);
  }
}

struct Curve {
  std::string label;
  std::vector<Point> points;
  Stroke stroke;
};

std::vector<Curve> curves_of(const Plot& plot, const Axes& axes, const Box& inside) {
  std::vector<Curve> curves;
  for (const Series& series : plot.series) {
    const std::uint32_t color = series.color.value_or(kPalette[curves.size() % kPalette.size()]);
    const double width = series.y.size() > kDense ? 1.2 : 1.8;
    Curve curve{series.label, {}, {color, width, series.dashed}};
    for (std::size_t i = 0; i < series.y.size(); ++i) {
      const double x = x_of(series, i);
      const bool is_drawn = is_drawable(x, false) && is_drawable(series.y[i], plot.log_y);
      curve.points.push_back(is_drawn ? place(axes, inside, x, series.y[i]) : kNowhere);
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

/// The corner where a box of this size hides the fewest points.
Box free_corner(const std::vector<Curve>& curves, const Box& inside, Size size) {
  constexpr double kAway = 10;
  Box best{};
  std::ptrdiff_t fewest = std::numeric_limits<std::ptrdiff_t>::max();
  for (const double top : {inside.top + kAway, inside.bottom() - kAway - size.height}) {
    for (const double left : {inside.right() - kAway - size.width, inside.left + kAway}) {
      const Box corner{left, top, size.width, size.height};
      std::ptrdiff_t hidden = 0;
      for (const Curve& curve : curves) {
        hidden += std::ranges::count_if(curve.points, [&](Point p) { return corner.contains(p); });
      }
      if (hidden < fewest) {
        best = corner;
        fewest = hidden;
      }
    }
  }
  return best;
}

void draw_legend(Canvas& canvas, const std::vector<Curve>& curves, const Box& inside) {
  constexpr double kRow = 19;
  constexpr double kPad = 9;
  constexpr double kSample = 24;  // length of the piece of line
  double widest = 0;
  double rows = 0;
  for (const Curve& curve : curves) {
    widest = std::max(widest, canvas.text_width(curve.label, kLegend));
    rows += !curve.label.empty();
  }
  if (rows == 0) {
    return;
  }
  const Box box = free_corner(curves, inside, {kPad * 3 + kSample + widest, kPad + rows * kRow});
  canvas.box(box, 0xffffff, 0.9, {.color = 0xdddddd});
  double y = box.top + (kPad + kRow) / 2;
  for (const Curve& curve : curves) {
    if (!curve.label.empty()) {
      Stroke sample = curve.stroke;
      sample.width = 2;
      canvas.line({box.left + kPad, y}, {box.left + kPad + kSample, y}, sample);
      canvas.text(
          curve.label, {box.left + 2 * kPad + kSample, y + kMiddle * kLegend.size}, kLegend);
      y += kRow;
    }
  }
}

}  // namespace

void draw_plot(Canvas& canvas, const Plot& plot, const Box& outside) {
  const Axes axes = axes_of(plot, outside);
  const Box inside = inside_of(canvas, plot, axes, outside);
  draw_frame(canvas, plot, axes, inside, outside);
  const std::vector<Curve> curves = curves_of(plot, axes, inside);
  for (const Curve& curve : curves) {
    canvas.curve(curve.points, inside, curve.stroke);
  }
  draw_legend(canvas, curves, inside);
}

}  // namespace engram::report
