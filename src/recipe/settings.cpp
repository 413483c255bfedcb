// SPDX-License-Identifier: Apache-2.0
#include "recipe/settings.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/error.hpp"

namespace engram {

namespace {

constexpr std::string_view kForm = "--set";

toml::table parse(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& fault) {
    const toml::source_position at = fault.source().begin;
    throw error<OptionError>({.where = fmt::format("{}:{}:{}", file, at.line, at.column),
                              .expected = "TOML",
                              .got = in_quotes(fault.description()),
                              .remedy = "Text needs quotes, a table [brackets]."});
  }
}

/// Text as a TOML string.
std::string toml_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    result += static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'
                  ? fmt::format("\\u{:04x}", c)
                  : std::string(1, c);
  }
  return result + "\"";
}

/// One step on the way to a key; null when there is no such entry, or nothing can be inside.
toml::node* step(toml::node& node, std::string_view key) {
  if (toml::table* table = node.as_table()) {
    return table->get(key);
  }
  if (toml::array* array = node.as_array()) {
    std::size_t index = 0;
    const auto [end, fault] = std::from_chars(key.data(), key.data() + key.size(), index);
    const bool is_index = fault == std::errc() && end == key.data() + key.size();
    return is_index ? array->get(index) : nullptr;
  }
  return nullptr;
}

/// A table holding the value as `value`, with `setting` as its source.
toml::table parse_value(std::string_view value, const std::string& setting) {
  const std::string source = fmt::format("{} {}", kForm, setting);
  try {
    return toml::parse(fmt::format("value = {}", value), source);
  } catch (const toml::parse_error&) {
    return parse(fmt::format("value = {}", toml_text(value)), source);
  }
}

}  // namespace

toml::table parse_toml(const std::string& text, const std::string& file) {
  return parse(text, file);
}

void apply_setting(toml::table& table, const std::string& setting) {
  const std::string where = fmt::format("{} {}", kForm, setting);
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw error<OptionError>(
        {.where = where, .expected = "key=value", .remedy = "Such as --set fit.epochs=5."});
  }
  std::string_view path = std::string_view(setting).substr(0, equals);
  toml::node* node = &table;
  for (std::size_t dot = path.find('.'); dot != path.npos; dot = path.find('.')) {
    const std::string_view key = path.substr(0, dot);
    toml::node* next = step(*node, key);
    if (next == nullptr || (!next->is_table() && !next->is_array())) {
      throw error<OptionError>({.where = where,
                                .expected = fmt::format("a table or list called '{}'", key),
                                .got = next == nullptr ? "nothing" : "a single value",
                                .remedy = "Look at the recipe.toml of a run for what there is."});
    }
    node = next;
    path.remove_prefix(dot + 1);
  }
  toml::table parsed = parse_value(std::string_view(setting).substr(equals + 1), setting);
  if (toml::table* holder = node->as_table()) {
    holder->insert_or_assign(path, std::move(*parsed.get("value")));
    return;
  }
  throw error<OptionError>(
      {.where = where, .expected = "the name of an option at the end of the key"});
}

}  // namespace engram
