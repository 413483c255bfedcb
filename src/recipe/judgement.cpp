// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "engram/recipe.hpp"

namespace engram {

namespace {

/// Numbers of the rows [begin, end) that lie in [low, high).
std::int64_t overlap(std::int64_t begin, std::int64_t end, std::int64_t low, std::int64_t high) {
  return std::max<std::int64_t>(0, std::min(end, high) - std::max(begin, low));
}

std::string verdict(double skill) {
  constexpr double kTie = 0.005;  // closer than half a percent is called equal
  if (skill > kTie) {
    return fmt::format("The model beats the naive forecast: its squared error is {:.1f} % smaller.",
                       100 * skill);
  }
  if (skill >= -kTie) {
    return "The model is as good as the naive forecast, which repeats the row before: no better.";
  }
  return fmt::format(
      "The model does not beat the naive forecast, which repeats the row before: "
      "its squared error is {:.2f} times as large.",
      1 - skill);
}

}  // namespace

SeriesJudgement judge(const SeriesPredictions& predictions, std::int64_t rows) {
  const auto all = static_cast<std::int64_t>(predictions.actual.size());
  if (all == 0) {
    throw error<DataError>(
        {.where = "evaluation",
         .expected = fmt::format("more than {} rows, the model's window", predictions.first_row),
         .got = std::to_string(predictions.first_row)});
  }
  const std::int64_t count = std::clamp<std::int64_t>(rows, 1, all);
  const auto last = [&](const std::vector<double>& values) {
    return std::span(values).last(static_cast<std::size_t>(count));
  };
  const std::int64_t end = predictions.first_row + all;
  const std::int64_t begin = end - count;
  const std::int64_t trained = predictions.trained_rows;
  return {.model = forecast_errors(last(predictions.predicted), last(predictions.actual)),
          .naive = forecast_errors(last(predictions.naive), last(predictions.actual)),
          .column = predictions.column,
          .first_row = begin,
          .rows = count,
          .trained = overlap(begin, end, 0, trained),
          .selected = overlap(begin, end, trained, trained + predictions.selection_rows)};
}

double SeriesJudgement::skill() const {
  // A constant series leaves the naive forecast nothing to miss.
  return naive.mse > 0 ? 1 - model.mse / naive.mse : model.mse > 0 ? -HUGE_VAL : 0;
}

std::string SeriesJudgement::text() const {
  const auto line = [](const char* name, double ours, double naives, const char* chinese) {
    return fmt::format("{:<5} {:>16.6f} {:>16.6f}   {}\n", name, ours, naives, chinese);
  };
  std::string text =
      fmt::format("Errors of '{}' in its own units, rows {} to {} ({} predictions)\n",
                  column,
                  first_row + 1,
                  first_row + rows,
                  rows);
  text += fmt::format("{:<5} {:>16} {:>16}\n", "", "model", "naive forecast");
  text += line("MSE", model.mse, naive.mse, "均方误差");
  text += line("RMSE", model.rmse, naive.rmse, "均方根误差");
  text += line("MAE", model.mae, naive.mae, "平均绝对误差");
  text += fmt::format("skill {:>16.4f}   (1 - MSE / MSE of the naive forecast)\n", skill());
  text += verdict(skill()) + "\n";
  if (trained > 0) {
    text += fmt::format("TRAINED ON {} of these rows: this is no test.\n", trained);
  }
  if (selected > 0) {
    text +=
        "SELECTED ON TEST: these rows also chose the epoch that was kept, as in the chapter; "
        "expect worse on new rows.\n";
  }
  return text;
}

}  // namespace engram
