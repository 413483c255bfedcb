// SPDX-License-Identifier: Apache-2.0
#include "data/column_names.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace engram::data {

namespace {

/// A role and the names that data services give it, in lower case.
struct Role {
  std::string_view name;
  std::array<std::string_view, 4> others;
};

constexpr std::array kRoles = {Role{"open", {"开盘", "开盘价"}},
                               Role{"close", {"收盘", "收盘价"}},
                               Role{"high", {"最高", "最高价"}},
                               Role{"low", {"最低", "最低价"}},
                               Role{"volume", {"vol", "成交量"}},
                               Role{"date", {"trade_date", "datetime", "日期", "交易日期"}}};

std::string lower(std::string_view text) {
  std::string out(trimmed(text));
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

/// The role that a name stands for, or the name itself, in lower case.
std::string role_of(std::string_view name) {
  const std::string low = lower(name);
  for (const Role& role : kRoles) {
    if (!low.empty() && std::ranges::find(role.others, low) != role.others.end()) {
      return std::string(role.name);
    }
  }
  return low;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::vector<std::int64_t> matching_columns(const std::vector<std::string>& names,
                                           std::string_view name) {
  const auto count = static_cast<std::int64_t>(names.size());
  std::vector<std::int64_t> found;
  for (std::int64_t i = 0; i < count; ++i) {
    if (names[static_cast<std::size_t>(i)] == name) {
      return {i};
    }
    if (role_of(names[static_cast<std::size_t>(i)]) == role_of(name)) {
      found.push_back(i);
    }
  }
  std::int64_t number = -1;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_number = failure == std::errc() && end == name.data() + name.size();
  if (found.empty() && is_number && number >= 0 && number < count) {
    found.push_back(number);
  }
  return found;
}

Fault unknown_column(const std::string& where,
                     const std::vector<std::string>& names,
                     std::string_view name) {
  std::vector<std::string> shown;  // without control characters
  for (const std::string& each : names) {
    const std::string text = engram::in_quotes(each);
    shown.push_back(text.substr(1, text.size() - 2));
  }
  const std::vector<std::string_view> views(shown.begin(), shown.end());
  return unknown_name(where, "column", name, views);
}

}  // namespace engram::data
