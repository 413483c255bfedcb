// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace engram {

std::string message(const Fault& fault) {
  std::string text = fault.where.empty() ? "" : fault.where + ": ";
  text += "expected " + fault.expected;
  if (!fault.got.empty()) {
    text += ", got " + fault.got;
  }
  text += ".";
  if (!fault.remedy.empty()) {
    text += " " + fault.remedy;
  }
  return text;
}

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string_view> names) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string_view candidate : names) {
    if (name.size() > 64) {
      break;
    }
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return std::string(best);
}

Fault unknown_name(std::string_view where,
                   std::string_view kind,
                   std::string_view name,
                   std::span<const std::string_view> names) {
  const std::string near = nearest_name(name, names);
  std::string remedy = near.empty() ? "" : fmt::format("Did you mean '{}'? ", near);
  remedy += fmt::format("Supported: {}.", fmt::join(names, ", "));
  return {.where = std::string(where),
          .expected = fmt::format("a supported {}", kind),
          .got = in_quotes(name),
          .remedy = remedy};
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out = "'";
  for (const char c : text.substr(0, kLongest)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += text.size() > kLongest ? "'..." : "'";
  return out;
}

}  // namespace engram
