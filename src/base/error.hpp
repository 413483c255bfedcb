// SPDX-License-Identifier: Apache-2.0
/// Builds every error message of the library, so that their form cannot drift.
///
/// Example: throw error<ShapeError>({.where = "LSTM 'lstm_1'", .expected = "input of rank 3",
///                                   .got = "(32, 10)", .remedy = "Add a time axis."});
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engram/error.hpp"

namespace engram {

/// The four parts of a message; `got` and `remedy` may be empty.
struct Fault {
  std::string where = {};     ///< place: a layer, an argument, file:line:column, file: field
  std::string expected = {};  ///< the rule
  std::string got = {};       ///< the value, with its shape or position
  std::string remedy = {};    ///< what to do, a sentence with its full stop
};

/// `<where>: expected <rule>, got <value>. <what to do>`
std::string message(const Fault& fault);

/// The exception to throw for `fault`.
template <class E>
E error(const Fault& fault) {
  return E(message(fault));
}

/// The name in `names` nearest to `name` by edit distance, or "" when none is near.
std::string nearest_name(std::string_view name, std::span<const std::string_view> names);

/// The fault of an unknown name: lists the valid ones and the nearest.
/// Example: throw error<OptionError>(unknown_name("compile", "loss", "mqe", loss_names()));
Fault unknown_name(std::string_view where,
                   std::string_view kind,
                   std::string_view name,
                   std::span<const std::string_view> names);

/// Text for a message: control characters escaped, cut at 80 bytes, in single quotes.
std::string in_quotes(std::string_view text);

}  // namespace engram
