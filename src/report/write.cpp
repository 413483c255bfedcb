// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "engram/report.hpp"
#include "formats/files.hpp"
#include "report/plot.hpp"

namespace engram {

namespace {

constexpr int kLeastSide = 100;
constexpr int kMostSide = 8000;  // of a figure: a PNG of 16,000 pixels

void check(const Plot& plot) {
  for (const Series& series : plot.series) {
    if (!series.x.empty() && series.x.size() != series.y.size()) {
      throw error<DataError>({.where = fmt::format("series {}", engram::in_quotes(series.label)),
                              .expected = "as many x as y, or no x",
                              .got = fmt::format("{} and {}", series.x.size(), series.y.size()),
                              .remedy = "Give one x for each y."});
    }
  }
}

report::Size checked_size(const Figure& figure) {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t least = figure.plots.empty() ? 0 : kMostSide;
  for (const Plot& plot : figure.plots) {
    check(plot);
    width += plot.width;
    height = std::max<std::int64_t>(height, plot.height);
    least = std::min<std::int64_t>({least, plot.width, plot.height});
  }
  if (least < kLeastSide || width > kMostSide || height > kMostSide) {
    throw error<OptionError>(
        {.where = "figure",
         .expected =
             fmt::format("plots of at least {0} by {0}, {1} by {1} in all", kLeastSide, kMostSide),
         .got = fmt::format("{} plots, {} by {} in all", figure.plots.size(), width, height),
         .remedy = "Set width and height of each plot."});
  }
  return {static_cast<double>(width), static_cast<double>(height)};
}

void draw(report::Canvas& canvas, const Figure& figure) {
  double left = 0;
  for (const Plot& plot : figure.plots) {
    const report::Box outside{left, 0, double(plot.width), double(plot.height)};
    report::draw_plot(canvas, plot, outside);
    left += plot.width;
  }
}

}  // namespace

void write_png(const Figure& figure, const std::string& path) {
  const auto drawing = [&](report::Canvas& canvas) { draw(canvas, figure); };
  formats::replace_file(path, report::draw_png(checked_size(figure), drawing));
}

void write_svg(const Figure& figure, const std::string& path) {
  const auto drawing = [&](report::Canvas& canvas) { draw(canvas, figure); };
  formats::replace_file(path, report::draw_svg(checked_size(figure), drawing));
}

}  // namespace engram
