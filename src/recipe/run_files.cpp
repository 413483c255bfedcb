// SPDX-License-Identifier: Apache-2.0
#include "recipe/run_files.hpp"

#include <nlohmann/json.hpp>

#include "engram/io.hpp"
#include "engram/report.hpp"
#include "engram/runtime.hpp"
#include "formats/files.hpp"

namespace engram {

namespace {

using Json = nlohmann::ordered_json;

Json errors_json(const ForecastErrors& errors) {
  return {{"mse", errors.mse}, {"rmse", errors.rmse}, {"mae", errors.mae}};
}

Json data_json(const RunFacts& facts) {
  if (const auto* series = std::get_if<SeriesSource>(&facts.recipe.data)) {
    return {{"csv", series->csv},
            {"column", series->column},
            {"trained_rows", facts.best.notes().at("trained_rows")},
            {"trained_fnv1a64", facts.best.notes().at("trained_hash")}};
  }
  return {{"letters", std::get<LettersSource>(facts.recipe.data).letters}};
}

/// Only what the training decides: a resumed run writes the same bytes as one that never stopped.
std::string run_json(const RunFacts& facts) {
  const RunResult& result = facts.result;
  Json json = {{"recipe", facts.recipe.name},
               {"engram", version()},
               {"simd", simd_target()},
               {"seed", facts.recipe.seed},
               {"data", data_json(facts)},
               {"params", facts.best.count_params()},
               {"epochs", result.epochs},
               {"monitor", facts.recipe.monitor},
               {"best_epoch", result.best_epoch},
               {"best_value", result.best_value},
               {"last_epoch", Json::object()}};
  for (const auto& [name, values] : facts.history.history) {
    json["last_epoch"][name] = values.empty() ? Json() : Json(values.back());
  }
  if (result.test) {
    json["test"] = {{"rows", result.test->rows},
                    {"model", errors_json(result.test->model)},
                    {"naive", errors_json(result.test->naive)},
                    {"skill", result.test->skill()},
                    {"selected_on_test", result.test->selected > 0}};
  }
  if (result.letters_right) {
    json["letters_right"] = *result.letters_right;
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

TrainingCurves curves_of(const RunFacts& facts) {
  const auto values = [&](const std::string& name) {
    const auto found = facts.history.history.find(name);
    return found == facts.history.history.end() ? std::vector<double>{} : found->second;
  };
  TrainingCurves curves = {.loss = values("loss"), .val_loss = values("val_loss")};
  for (const Metric& metric : facts.recipe.compile.metrics) {
    if (metric.name().ends_with("accuracy")) {
      curves.accuracy = values(metric.name());
      curves.val_accuracy = values("val_" + metric.name());
    }
  }
  return curves;
}

Figure forecast_of(const RunFacts& facts) {
  const auto judged = [&](const std::vector<double>& values) {
    return std::vector<double>(values.end() - facts.predictions->judged, values.end());
  };
  return forecast_figure({.real = judged(facts.predictions->actual),
                          .predicted = judged(facts.predictions->predicted),
                          .naive = judged(facts.predictions->naive),
                          .title = facts.recipe.name + ": " + facts.predictions->column,
                          .x_label = facts.result.test ? "Test row" : "Row",
                          .y_label = facts.predictions->column});
}

void draw(const Figure& figure,
          const std::string& folder,
          const std::string& name,
          std::vector<std::string>& files) {
  for (const char* suffix : {".png", ".svg"}) {
    files.push_back(name + suffix);
    const auto write = files.back().ends_with(".png") ? write_png : write_svg;
    write(figure, folder + "/" + files.back());
  }
}

}  // namespace

std::vector<std::string> write_run_files(const std::string& folder, const RunFacts& facts) {
  std::vector<std::string> files = {"weights.txt", "run.json"};
  write_weights_txt(facts.best, folder + "/weights.txt");
  formats::replace_file(folder + "/run.json", run_json(facts));
  const TrainingCurves curves = curves_of(facts);
  draw(curves.accuracy.empty() ? loss_figure(curves) : accuracy_loss_figure(curves),
       folder,
       "loss",
       files);
  if (facts.predictions != nullptr && facts.predictions->judged > 0) {
    draw(forecast_of(facts), folder, "forecast", files);
  }
  return files;
}

}  // namespace engram
