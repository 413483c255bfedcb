// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "engram/recipe.hpp"
#include "model/model_data.hpp"
#include "recipe/bundled.hpp"
#include "recipe/letters.hpp"
#include "recipe/notes.hpp"

namespace engram {

CsvTable read_series(const std::string& csv) {
  return csv == "simulated" ? parse_csv(bundled_text("simulated_stock.csv"), "simulated_stock.csv")
                            : read_csv(csv);
}

namespace {

Samples make_samples(const SeriesSource& source, bool validates_on_test) {
  const std::vector<double> series = read_series(source.csv).column(source.column);
  const bool has_test = source.test_rows > 0;
  const SeriesSplit split =
      has_test ? split_last(series, source.test_rows) : SeriesSplit{.train = series};
  SeriesNotes notes = {.column = source.column,
                       .date = source.date,
                       .window = source.window,
                       .test_rows = source.test_rows,
                       .scaler = make_scaler(source.scaler).value(),
                       .trained_rows = static_cast<std::int64_t>(split.train.size()),
                       .trained_hash = fnv1a64(split.train),
                       .selected_on_test = validates_on_test};
  const auto scaled_windows = [&](const std::vector<double>& part) {
    const auto transform = [&](const auto& scaler) { return scaler.transform(part); };
    return sliding_windows(std::visit(transform, notes.scaler), source.window);
  };
  std::visit([&](auto& scaler) { scaler.fit(split.train); }, notes.scaler);
  Windows train = scaled_windows(split.train);
  Windows test = has_test ? scaled_windows(split.test) : Windows{};
  return {.x = std::move(train.x),
          .y = std::move(train.y),
          .x_test = std::move(test.x),
          .y_test = std::move(test.y),
          .notes = to_notes(notes)};
}

Samples make_samples(const LettersSource& source) {
  const LetterWindows windows = letter_windows(source);
  return {.x = encode_letters(source, windows.ids), .y = windows.next, .notes = to_notes(source)};
}

}  // namespace

Samples make_samples(const Recipe& recipe) {
  const auto* series = std::get_if<SeriesSource>(&recipe.data);
  Samples samples = series != nullptr ? make_samples(*series, recipe.validates_on_test)
                                      : make_samples(std::get<LettersSource>(recipe.data));
  if (recipe.shuffle_seed) {
    const std::vector<std::int64_t> order =
        NumpyRandom(static_cast<std::uint32_t>(*recipe.shuffle_seed))
            .shuffle_order(samples.x.shape()[0]);
    samples.x = take_rows(samples.x, order);
    samples.y = take_rows(samples.y, order);
  }
  return samples;
}

void set_seed(Model& model, std::uint64_t seed) { model.data().seed = seed; }

Sequential make_model(const Recipe& recipe) {
  Sequential model(recipe.layers);
  set_seed(model, static_cast<std::uint64_t>(recipe.seed));
  model.compile(recipe.compile);
  return model;
}

}  // namespace engram
