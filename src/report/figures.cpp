// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <numeric>

#include "engram/data.hpp"
#include "engram/report.hpp"

namespace engram {

namespace {

Series over_epochs(std::string label, const std::vector<double>& values) {
  std::vector<double> epochs(values.size());
  std::iota(epochs.begin(), epochs.end(), 1.0);
  return {.label = std::move(label), .y = values, .x = std::move(epochs)};
}

/// "validation (best 0.0012 at epoch 37)"; NaN is never the best.
template <class Better>
std::string validation_label(const std::vector<double>& values, Better better) {
  const auto best = std::ranges::max_element(
      values, [&](double a, double b) { return std::isnan(a) ? !std::isnan(b) : better(b, a); });
  return best == values.end() || std::isnan(*best)
             ? "validation"
             : fmt::format(
                   "validation (best {:.4g} at epoch {})", *best, best - values.begin() + 1);
}

template <class Better>
Plot curves_plot(const std::string& name,
                 const std::vector<double>& training,
                 const std::vector<double>& validation,
                 Better better) {
  Plot plot{.title = "Training and validation " + name, .x_label = "Epoch", .y_label = name};
  if (!training.empty()) {
    plot.series.push_back(over_epochs("training", training));
  }
  if (!validation.empty()) {
    plot.series.push_back(over_epochs(validation_label(validation, better), validation));
  } else {
    plot.title = "Training " + name;
  }
  plot.y_label[0] = static_cast<char>(std::toupper(plot.y_label[0]));
  return plot;
}

}  // namespace

Figure loss_figure(const TrainingCurves& curves) {
  return {{curves_plot("loss", curves.loss, curves.val_loss, std::less<>())}};
}

Figure accuracy_loss_figure(const TrainingCurves& curves) {
  Figure figure{{curves_plot("accuracy", curves.accuracy, curves.val_accuracy, std::greater<>()),
                 curves_plot("loss", curves.loss, curves.val_loss, std::less<>())}};
  for (Plot& plot : figure.plots) {
    plot.width = 560;
  }
  return figure;
}

Figure forecast_figure(const ForecastCurves& curves) {
  const auto label = [&](const char* name, const std::vector<double>& forecast) {
    return fmt::format("{} (RMSE {:.4g})", name, forecast_errors(forecast, curves.real).rmse);
  };
  return {{{.title = curves.title,
            .x_label = curves.x_label,
            .y_label = curves.y_label,
            .series = {{.label = "real", .y = curves.real, .color = 0x333333},
                       {.label = label("predicted", curves.predicted),
                        .y = curves.predicted,
                        .color = 0xd55e00},
                       {.label = label("naive: the day before", curves.naive),
                        .y = curves.naive,
                        .color = 0x0072b2,
                        .dashed = true}},
            .width = 960,
            .height = 500}}};
}

}  // namespace engram
