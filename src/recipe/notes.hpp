// SPDX-License-Identifier: Apache-2.0
/// What a trained model must know of its data to be used on new data; kept as Model::notes().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engram/data.hpp"
#include "engram/recipe.hpp"

namespace engram {

using Notes = std::map<std::string, std::string>;

struct NoScaler {
  void fit(std::span<const double>) {}

  std::vector<double> transform(std::span<const double> series) const {
    return {series.begin(), series.end()};
  }

  std::vector<double> inverse_transform(std::span<const float> scaled) const {
    return {scaled.begin(), scaled.end()};
  }
};

using Scaler = std::variant<NoScaler, MinMaxScaler, StandardScaler>;

/// "minmax", "standard" or "none", not fitted; nothing for another name.
std::optional<Scaler> make_scaler(const std::string& kind);

/// The series (N,) as a model sees it.
Tensor scaled(const Scaler& scaler, std::span<const double> series);

struct SeriesNotes {
  std::string column, date;
  std::int64_t window = 0, test_rows = 0;
  Scaler scaler;
  std::int64_t trained_rows = 0;  ///< the first rows of the series, which were trained on
  std::string trained_hash;       ///< of their values, to know the series again
  bool selected_on_test = false;  ///< the test rows chose the epoch that was kept
};

Notes to_notes(const SeriesNotes& series);
Notes to_notes(const LettersSource& letters);

/// Errors: OptionError when the model is no series model; FileError for notes that are damaged.
SeriesNotes series_notes(const Notes& notes);

/// Errors: OptionError when the model is no letters model; FileError for notes that are damaged.
LettersSource letters_notes(const Notes& notes);

/// 64-bit FNV-1a of the values' bits, as 16 hexadecimal digits: no cryptographic hash.
std::string fnv1a64(std::span<const double> values);

}  // namespace engram
