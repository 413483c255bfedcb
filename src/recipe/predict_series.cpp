// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "engram/recipe.hpp"
#include "formats/files.hpp"
#include "recipe/notes.hpp"

namespace engram {

namespace {

std::vector<double> predict_all(Model& model,
                                const SeriesNotes& notes,
                                const std::vector<double>& series) {
  const Tensor values = scaled(notes.scaler, series);
  const std::int64_t windows = values.size() - notes.window + 1;  // the last one's value is to come
  const Tensor y = model.predict({values.data(), {notes.window, 1}, windows, 1});
  if (y.size() != windows) {
    throw error<ShapeError>(
        {.where = "model", .expected = "one output for each window", .got = to_string(y.shape())});
  }
  const auto inverse = [&](const auto& scaler) { return scaler.inverse_transform(y.values()); };
  return std::visit(inverse, notes.scaler);
}

/// A field of a CSV file, in quotes where it needs them.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) {
    return text;
  }
  std::string quoted_text = "\"";
  for (const char c : text) {
    quoted_text += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted_text + "\"";
}

/// True when the series begins with the values that the model was trained on.
bool begins_as_trained(const SeriesNotes& notes, std::span<const double> series) {
  const auto rows = static_cast<std::size_t>(notes.trained_rows);
  return rows <= series.size() && fnv1a64(series.first(rows)) == notes.trained_hash;
}

}  // namespace

std::string SeriesPredictions::csv() const {
  std::string text = fmt::format("row,label,{},predicted\n", csv_field(column));
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    text += fmt::format("{},{},{},{:.6f}\n",
                        first_row + static_cast<std::int64_t>(i) + 1,
                        labels.empty() ? "" : csv_field(labels[i]),
                        actual[i],
                        predicted[i]);
  }
  const auto last = first_row + static_cast<std::int64_t>(predicted.size());
  return text + fmt::format("{},next,,{:.6f}\n", last + 1, next);
}

void SeriesPredictions::save_csv(const std::string& path) const {
  formats::write_file_atomically(path, csv());
}

SeriesPredictions predict_series(Model& model, const std::string& csv, const std::string& column) {
  const SeriesNotes notes = series_notes(model.notes());
  const CsvTable table = read_series(csv);
  const std::string name = column.empty() ? notes.column : column;
  const std::vector<double> series = table.column(name);
  const auto rows = static_cast<std::int64_t>(series.size());
  if (rows < notes.window) {
    throw error<DataError>(
        {.where = csv,
         .expected = fmt::format("at least {} rows, the model's window", notes.window),
         .got = std::to_string(rows)});
  }
  SeriesPredictions result = {.column = name, .first_row = notes.window};
  result.predicted = predict_all(model, notes, series);
  result.next = result.predicted.back();
  result.predicted.pop_back();
  if (rows > notes.window) {
    result.actual = window_targets(series, notes.window);
    result.naive = naive_forecast(series, notes.window);
  }
  if (!notes.date.empty() && table.has_column(notes.date)) {
    result.labels = table.text_column(notes.date);
    result.labels.erase(result.labels.begin(), result.labels.begin() + notes.window);
  }
  const std::int64_t test_windows = notes.test_rows - notes.window;
  result.judged =
      test_windows > 0 ? std::min(test_windows, rows - notes.window) : rows - notes.window;
  if (begins_as_trained(notes, series)) {
    result.trained_rows = notes.trained_rows;
    result.selection_rows = notes.selected_on_test ? notes.test_rows : 0;
  }
  return result;
}

}  // namespace engram
