// SPDX-License-Identifier: Apache-2.0
/// Line plots of training and of forecasts, as PNG and SVG.
///
/// Example: write_png(loss_figure({.loss = history.history.at("loss")}), "loss.png");
///          write_svg({{Plot{.title = "Prices", .series = {{.label = "open", .y = open}}}}},
///          "p.svg");
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace engram {

/// One line. A NaN or infinite value makes a gap; so does one of 0 or less on a logarithmic axis.
struct Series {
  std::string label = {};  ///< in the legend; left out of it when empty
  std::vector<double> y = {};
  std::vector<double> x = {};               ///< 0, 1, 2, ... when empty
  std::optional<std::uint32_t> color = {};  ///< 0xRRGGBB; the next of a colour-blind-safe palette
  bool dashed = false;
};

struct Plot {
  std::string title = {};
  std::string x_label = {};
  std::string y_label = {};
  std::vector<Series> series = {};
  bool log_y = false;
  int width = 760;  ///< in units of 1/96 inch; a PNG has 1.5 times as many pixels
  int height = 440;
};

/// Plots side by side.
struct Figure {
  std::vector<Plot> plots = {};
};

/// Errors: OptionError for a figure without plots, sizes outside 100 to 8000, or text that is not
///         UTF-8; DataError for a series whose x and y differ in length; IoError.
/// The file is the old one or the new one at every moment.
void write_png(const Figure& figure, const std::string& path);
void write_svg(const Figure& figure, const std::string& path);

/// Values an epoch, as in History; empty ones are not drawn.
struct TrainingCurves {
  std::vector<double> loss = {};
  std::vector<double> val_loss = {};
  std::vector<double> accuracy = {};
  std::vector<double> val_accuracy = {};
};

/// Loss over epochs. The legend names the best epoch of the validation loss.
Figure loss_figure(const TrainingCurves& curves);

/// The chapter's pair: accuracy on the left, loss on the right.
Figure accuracy_loss_figure(const TrainingCurves& curves);

/// What came, what was predicted, and the naive forecast, all for the same rows in their own units.
struct ForecastCurves {
  std::vector<double> real = {};
  std::vector<double> predicted = {};
  std::vector<double> naive = {};  ///< yesterday's value; see naive_forecast
  std::string title = "Prices of the test rows";
  std::string x_label = "Trading day of the test rows";
  std::string y_label = "Price";
};

/// The three lines; the legend tells the root mean squared error of both forecasts.
/// Errors: DataError when the three are empty or differ in length.
Figure forecast_figure(const ForecastCurves& curves);

}  // namespace engram
