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
  std::visit([&](auto& scaler) { scaler.fit(split.train); }, notes.scaler);
  auto memory = std::make_unique<Samples::Memory>();
  memory->x = scaled(notes.scaler, split.train);
  const WindowViews train = window_views(memory->x, source.window);
  WindowViews test;
  if (has_test) {
    memory->test = scaled(notes.scaler, split.test);
    test = window_views(memory->test, source.window);
  }
  return {.memory = std::move(memory),
          .x = train.x,
          .y = train.y,
          .x_test = test.x,
          .y_test = test.y,
          .notes = to_notes(notes)};
}

Samples make_samples(const LettersSource& source) {
  const LetterWindows windows = letter_windows(source);
  auto memory = std::make_unique<Samples::Memory>();
  memory->x = encode_letters(source, windows.ids);
  memory->y = windows.next;
  const RowsView x = memory->x, y = memory->y;
  return {.memory = std::move(memory), .x = x, .y = y, .notes = to_notes(source)};
}

}  // namespace

Samples make_samples(const Recipe& recipe) {
  const auto* series = std::get_if<SeriesSource>(&recipe.data);
  Samples samples = series != nullptr ? make_samples(*series, recipe.validates_on_test)
                                      : make_samples(std::get<LettersSource>(recipe.data));
  if (recipe.shuffle_seed) {
    samples.memory->order = NumpyRandom(static_cast<std::uint32_t>(*recipe.shuffle_seed))
                                .shuffle_order(samples.x.rows());
    samples.x = samples.x.in_order(samples.memory->order);
    samples.y = samples.y.in_order(samples.memory->order);
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
