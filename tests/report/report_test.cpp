// SPDX-License-Identifier: Apache-2.0
/// Runs twice: as it is, and on a machine made to have no font at all (see CMakeLists.txt).
#include "engram/report.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

Figure small_figure() {
  return {{{.title = "a title, 标题",
            .x_label = "x",
            .y_label = "y",
            .series = {{.label = "line", .y = {1, 2, 3}}},
            .width = 200,
            .height = 150}}};
}

/// The big-endian number in a PNG's header.
std::uint32_t number_at(const std::string& png, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    number = number << 8 | static_cast<std::uint8_t>(png[at + i]);
  }
  return number;
}

TEST(WritePng, WritesMorePixelsThanUnits) {
  const TemporaryFolder folder;

  write_png(small_figure(), folder / "p.png");

  const std::string png = folder.read("p.png");
  EXPECT_TRUE(png.starts_with("\x89PNG\r\n\x1a\n"));
  EXPECT_EQ(number_at(png, 16), 300u);
  EXPECT_EQ(number_at(png, 20), 225u);
}

TEST(WritePng, PutsPlotsSideBySide) {
  const TemporaryFolder folder;
  Figure figure = small_figure();
  figure.plots.push_back(figure.plots[0]);

  write_png(figure, folder / "p.png");

  EXPECT_EQ(number_at(folder.read("p.png"), 16), 600u);
}

TEST(WritePng, DrawsTheSameBytesAgain) {
  const TemporaryFolder folder;

  write_png(small_figure(), folder / "a.png");
  write_png(small_figure(), folder / "b.png");

  EXPECT_EQ(folder.read("a.png"), folder.read("b.png"));
}

TEST(WritePng, DrawsLinesInTheirColours) {
  const TemporaryFolder folder;
  Figure figure = small_figure();
  write_png(figure, folder / "a.png");
  figure.plots[0].series[0].color = 0xff0000;
  write_png(figure, folder / "b.png");

  EXPECT_NE(folder.read("a.png"), folder.read("b.png"));
}

TEST(WriteSvg, WritesAnSvgOfTheFiguresSize) {
  const TemporaryFolder folder;

  write_svg(small_figure(), folder / "p.svg");

  const std::string svg = folder.read("p.svg");
  EXPECT_NE(svg.find("<svg "), std::string::npos);
  EXPECT_NE(svg.find("width=\"200px\" height=\"150px\""), std::string::npos);
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(WriteSvg, DrawsLinesInTheirColours) {
  const TemporaryFolder folder;
  Figure figure = small_figure();
  figure.plots[0].series[0].color = 0xff0000;

  write_svg(figure, folder / "p.svg");

  EXPECT_NE(folder.read("p.svg").find("stroke:rgb(100%,0%,0%)"), std::string::npos);
}

class OddSeries : public testing::TestWithParam<std::vector<double>> {};

TEST_P(OddSeries, IsDrawn) {
  const TemporaryFolder folder;
  Figure figure = small_figure();
  figure.plots[0].series = {{.label = "odd", .y = GetParam()}};
  write_png(figure, folder / "linear.png");
  figure.plots[0].log_y = true;
  write_png(figure, folder / "log.png");

  EXPECT_EQ(folder.names().size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(WritePng,
                         OddSeries,
                         testing::Values(std::vector<double>{},
                                         std::vector<double>{1},
                                         std::vector<double>{1, 1},
                                         std::vector<double>{0, 0},
                                         std::vector<double>{-1, -2},
                                         std::vector<double>{NAN, NAN},
                                         std::vector<double>{1, NAN, 2, NAN, NAN, 3, 4},
                                         std::vector<double>{INFINITY, 1, -INFINITY},
                                         std::vector<double>{1e308, -1e308, 1},
                                         std::vector<double>{1e100, -1e100},
                                         std::vector<double>{5e-324, 1e-100, 1e100},
                                         std::vector<double>{1, std::nextafter(1, 2)},
                                         std::vector<double>(100'000, 3.5)));

TEST(WritePng, DrawsAPlotWithoutSeries) {
  const TemporaryFolder folder;

  write_png({{Plot{}}}, folder / "p.png");

  EXPECT_EQ(folder.names().size(), 1u);
}

TEST(WritePng, DrawsLabelsLongerThanThePlot) {
  const TemporaryFolder folder;
  Figure figure = small_figure();
  Plot& plot = figure.plots[0];
  plot.title = plot.x_label = plot.y_label = plot.series[0].label = std::string(1000, 'w');

  write_png(figure, folder / "p.png");

  EXPECT_EQ(folder.names().size(), 1u);
}

TEST(WritePng, RefusesAFigureWithoutPlots) {
  EXPECT_ERROR(write_png({}, "p.png"),
               OptionError,
               "figure: expected plots of at least 100 by 100, 8000 by 8000 in all, got 0 plots, 0 "
               "by 0 in all. Set width and height of each plot.");
}

TEST(WritePng, RefusesAPlotTooSmall) {
  EXPECT_THROW(write_png({{{.width = 99}}}, "p.png"), OptionError);
  EXPECT_THROW(write_png({{{.height = -1}}}, "p.png"), OptionError);
}

TEST(WritePng, RefusesAFigureTooLarge) {
  EXPECT_THROW(write_png({{{.width = 4001}, {.width = 4000}}}, "p.png"), OptionError);
  EXPECT_THROW(write_svg({{{.height = 8001}}}, "p.svg"), OptionError);
}

TEST(WritePng, RefusesXAndYOfDifferentLength) {
  EXPECT_ERROR(write_png({{{.series = {{.label = "a", .y = {1, 2}, .x = {1}}}}}}, "p.png"),
               DataError,
               "series 'a': expected as many x as y, or no x, got 1 and 2. Give one x for each y.");
}

TEST(WritePng, RefusesTextThatIsNotUtf8) {
  EXPECT_ERROR(write_png({{{.title = "\xff"}}}, "p.png"),
               OptionError,
               "figure: expected titles and labels in UTF-8, got other bytes. Convert the text.");
}

TEST(WritePng, LeavesTheOldFileWhenItRefuses) {
  const TemporaryFolder folder;
  const std::string path = folder.write("p.png", "old");

  EXPECT_THROW(write_png({}, path), OptionError);

  EXPECT_EQ(folder.read("p.png"), "old");
}

TEST(WritePng, NamesAFolderThatIsMissing) {
  EXPECT_THROW(write_png(small_figure(), "/no/such/folder/p.png"), IoError);
}

TEST(LossFigure, DrawsBothLinesOverEpochsFromOne) {
  const Figure figure = loss_figure({.loss = {3, 2}, .val_loss = {4, 1}});

  ASSERT_EQ(figure.plots.at(0).series.size(), 2u);
  EXPECT_EQ(figure.plots[0].series[0].x, (std::vector<double>{1, 2}));
  EXPECT_EQ(figure.plots[0].series[1].y, (std::vector<double>{4, 1}));
}

TEST(LossFigure, NamesTheBestEpoch) {
  const Figure figure = loss_figure({.loss = {3, 2, 1}, .val_loss = {NAN, 0.00125, 4}});

  EXPECT_EQ(figure.plots[0].series[1].label, "validation (best 0.00125 at epoch 2)");
}

TEST(LossFigure, NamesNoBestEpochWhereAllDiverged) {
  EXPECT_EQ(loss_figure({.val_loss = {NAN, NAN}}).plots[0].series[0].label, "validation");
}

TEST(LossFigure, DrawsTrainingAlone) {
  EXPECT_EQ(loss_figure({.loss = {3, 2}}).plots[0].series.size(), 1u);
}

TEST(AccuracyLossFigure, DrawsAccuracyThenLoss) {
  const Figure figure = accuracy_loss_figure({.loss = {3}, .accuracy = {0.5}});

  ASSERT_EQ(figure.plots.size(), 2u);
  EXPECT_EQ(figure.plots[0].y_label, "Accuracy");
  EXPECT_EQ(figure.plots[1].y_label, "Loss");
}

TEST(AccuracyLossFigure, TakesTheHighestAccuracyForTheBest) {
  const Figure figure = accuracy_loss_figure({.val_accuracy = {0.5, 0.75, 0.25}});

  EXPECT_EQ(figure.plots[0].series[0].label, "validation (best 0.75 at epoch 2)");
}

TEST(ForecastFigure, ShowsTheNaiveForecastBesideThePrediction) {
  const Figure figure =
      forecast_figure({.real = {10, 12}, .predicted = {13, 16}, .naive = {11, 11}});

  ASSERT_EQ(figure.plots[0].series.size(), 3u);
  EXPECT_EQ(figure.plots[0].series[1].label, "predicted (RMSE 3.536)");
  EXPECT_EQ(figure.plots[0].series[2].label, "naive: the day before (RMSE 1)");
}

TEST(ForecastFigure, RefusesRowsThatDoNotMatch) {
  EXPECT_THROW(forecast_figure({.real = {10, 12}, .predicted = {13, 16}, .naive = {11}}),
               DataError);
}

}  // namespace
}  // namespace engram
