// SPDX-License-Identifier: Apache-2.0
#include "recipe/notes.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>

#include "base/error.hpp"

namespace engram {

namespace {

constexpr const char* kWhere = "the model's notes";

/// Values out of notes, which a file may hold in any state.
class NotesReader {
 public:
  explicit NotesReader(const Notes& notes) : notes_(notes) {}

  const std::string& text(const std::string& key) const {
    const auto found = notes_.find(key);
    if (found == notes_.end()) {
      refuse(key, "an entry", "nothing");
    }
    return found->second;
  }

  std::int64_t count(const std::string& key, std::int64_t low) const {
    const auto value = parse<std::int64_t>(key);
    if (value < low) {
      refuse(key, fmt::format("a whole number of at least {}", low), in_quotes(text(key)));
    }
    return value;
  }

  double number(const std::string& key) const {
    const auto value = parse<double>(key);
    if (!std::isfinite(value)) {
      refuse(key, "a finite number", in_quotes(text(key)));
    }
    return value;
  }

  bool flag(const std::string& key) const { return text(key) == "true"; }

  [[noreturn]] static void refuse(const std::string& key,
                                  const std::string& rule,
                                  const std::string& got) {
    throw error<FileError>({.where = fmt::format("{}: {}", kWhere, key),
                            .expected = rule,
                            .got = got,
                            .remedy = "Train the recipe again."});
  }

 private:
  template <class T>
  T parse(const std::string& key) const {
    const std::string& digits = text(key);
    const char* const end = digits.data() + digits.size();
    T value = 0;
    const auto [stop, fault] = std::from_chars(digits.data(), end, value);
    if (fault != std::errc() || stop != end) {
      refuse(key, "a number", in_quotes(digits));
    }
    return value;
  }

  const Notes& notes_;
};

/// Errors: OptionError unless the notes are of `kind`.
void expect_kind(const Notes& notes, const std::string& kind, const std::string& recipes) {
  const auto found = notes.find("data");
  if (found == notes.end() || found->second != kind) {
    throw error<OptionError>(
        {.where = kWhere,
         .expected = fmt::format("a model trained on {}", kind),
         .got = found == notes.end() ? "a model without notes on its data"
                                     : fmt::format("one trained on {}", in_quotes(found->second)),
         .remedy = fmt::format("Train one: engram train {}.", recipes)});
  }
}

Notes to_notes(const Scaler& scaler) {
  if (const auto* minmax = std::get_if<MinMaxScaler>(&scaler)) {
    return {{"scaler", "minmax"},
            {"scaler.feature_min", fmt::format("{}", minmax->feature_min)},
            {"scaler.feature_max", fmt::format("{}", minmax->feature_max)},
            {"scaler.data_min", fmt::format("{}", minmax->data_min)},
            {"scaler.data_max", fmt::format("{}", minmax->data_max)}};
  }
  if (const auto* standard = std::get_if<StandardScaler>(&scaler)) {
    return {{"scaler", "standard"},
            {"scaler.mean", fmt::format("{}", standard->mean)},
            {"scaler.scale", fmt::format("{}", standard->scale)}};
  }
  return {{"scaler", "none"}};
}

Scaler read_scaler(const NotesReader& reader) {
  const std::optional<Scaler> kind = make_scaler(reader.text("scaler"));
  if (!kind) {
    reader.refuse("scaler", "minmax, standard or none", in_quotes(reader.text("scaler")));
  }
  Scaler scaler = *kind;
  if (auto* minmax = std::get_if<MinMaxScaler>(&scaler)) {
    *minmax = {.feature_min = reader.number("scaler.feature_min"),
               .feature_max = reader.number("scaler.feature_max"),
               .data_min = reader.number("scaler.data_min"),
               .data_max = reader.number("scaler.data_max")};
  } else if (auto* standard = std::get_if<StandardScaler>(&scaler)) {
    *standard = {.mean = reader.number("scaler.mean"), .scale = reader.number("scaler.scale")};
  }
  return scaler;
}

}  // namespace

std::optional<Scaler> make_scaler(const std::string& kind) {
  if (kind == "minmax") {
    return MinMaxScaler{};
  }
  if (kind == "standard") {
    return StandardScaler{};
  }
  return kind == "none" ? std::optional<Scaler>(NoScaler{}) : std::nullopt;
}

Tensor scaled(const Scaler& scaler, std::span<const double> series) {
  const auto transform = [&](const auto& s) { return s.transform(series); };
  const std::vector<double> values = std::visit(transform, scaler);
  return Tensor({static_cast<std::int64_t>(values.size())}, {values.begin(), values.end()});
}

Notes to_notes(const SeriesNotes& series) {
  Notes notes = to_notes(series.scaler);
  notes.insert({{"data", "series"},
                {"column", series.column},
                {"date", series.date},
                {"window", std::to_string(series.window)},
                {"test_rows", std::to_string(series.test_rows)},
                {"trained_rows", std::to_string(series.trained_rows)},
                {"trained_hash", series.trained_hash},
                {"selected_on_test", series.selected_on_test ? "true" : "false"}});
  return notes;
}

Notes to_notes(const LettersSource& letters) {
  return {{"data", "letters"},
          {"letters", letters.letters},
          {"window", std::to_string(letters.window)},
          {"cycle", letters.cycle ? "true" : "false"},
          {"encoding", letters.encoding}};
}

SeriesNotes series_notes(const Notes& notes) {
  expect_kind(notes, "series", "stock-lstm --data FILE.csv");
  const NotesReader reader(notes);
  return {.column = reader.text("column"),
          .date = reader.text("date"),
          .window = reader.count("window", 1),
          .test_rows = reader.count("test_rows", 0),
          .scaler = read_scaler(reader),
          .trained_rows = reader.count("trained_rows", 0),
          .trained_hash = reader.text("trained_hash"),
          .selected_on_test = reader.flag("selected_on_test")};
}

LettersSource letters_notes(const Notes& notes) {
  expect_kind(notes, "letters", "letters-embedding-4");
  const NotesReader reader(notes);
  return {.letters = reader.text("letters"),
          .window = reader.count("window", 1),
          .cycle = reader.flag("cycle"),
          .encoding = reader.text("encoding")};
}

std::string fnv1a64(std::span<const double> values) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const double value : values) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) {
      hash = (hash ^ ((bits >> shift) & 0xff)) * 0x100000001b3;
    }
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace engram
