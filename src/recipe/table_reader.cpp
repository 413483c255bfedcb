// SPDX-License-Identifier: Apache-2.0
#include "recipe/table_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/error.hpp"
#include "base/shortest.hpp"
#include "layers/layer_spec.hpp"
#include "parts/functions.hpp"

namespace engram {

namespace {

std::string text_of(const toml::node& node) {
  std::ostringstream text;
  text << toml::node_view<const toml::node>(node);
  return text.str();
}

}  // namespace

std::string place_of(const TablePlace& place, const toml::node* node) {
  std::string text = place.file;
  if (node != nullptr && node->source().begin.line != 0) {
    const bool is_elsewhere = node->source().path != nullptr && *node->source().path != place.file;
    text = is_elsewhere ? *node->source().path
                        : fmt::format("{}:{}", place.file, node->source().begin.line);
  }
  return text + ": " + place.subject;
}

toml::node* TableReader::node(std::string_view name) {
  known_.emplace(name);
  return table_.get(name);
}

toml::table& TableReader::table(std::string_view name) {
  toml::node* found = node(name);
  if (found == nullptr) {
    found = &table_.insert(name, toml::table{}).first->second;
  }
  if (!found->is_table()) {
    refuse(name, "as a table of options");
  }
  return *found->as_table();
}

toml::table& TableReader::choice(std::string_view name) {
  toml::node* found = node(name);
  if (found != nullptr && found->is_string()) {
    toml::table with_defaults;
    with_defaults.insert("class", std::move(*found->as_string()));
    found = &table_.insert_or_assign(name, std::move(with_defaults)).first->second;
  }
  if (found == nullptr || !found->is_table()) {
    refuse(name, "as a name in quotes, or a table with a class");
  }
  return *found->as_table();
}

void TableReader::refuse(std::string_view name,
                         const std::string& rule,
                         const std::string& remedy) const {
  const toml::node* found = table_.get(name);
  throw error<OptionError>({.where = place_of(place_, found != nullptr ? found : &table_),
                            .expected = fmt::format("{} {}", name, rule),
                            .got = found != nullptr ? text_of(*found) : "nothing",
                            .remedy = remedy});
}

double TableReader::number(const toml::node& node, std::string_view name, const Rule& rule) const {
  const bool is_number = node.is_integer() || node.is_floating_point();
  const double value = is_number ? *node.value<double>() : 0.0;
  if (!is_number || !rule.allows(value)) {
    const std::string text = rule.text();
    refuse(name, text.empty() ? "as a number" : text);
  }
  return value;
}

void TableReader::option(std::string_view name, std::int64_t& value, const Rule& rule) {
  const toml::node* found = node(name);
  if (found == nullptr) {
    table_.insert(name, value);
    return;
  }
  if (!found->is_integer()) {
    refuse(name, "as a whole number");
  }
  number(*found, name, rule);
  value = found->as_integer()->get();
}

void TableReader::option(std::string_view name, float& value, const Rule& rule) {
  if (const toml::node* found = node(name)) {
    value = static_cast<float>(number(*found, name, rule));
  } else {
    table_.insert(name, shortest(value));
  }
}

void TableReader::option(std::string_view name, std::optional<float>& value, const Rule& rule) {
  if (const toml::node* found = node(name)) {
    value = static_cast<float>(number(*found, name, rule));
  } else if (value) {
    table_.insert(name, shortest(*value));
  }
}

void TableReader::option(std::string_view name,
                         std::optional<std::int64_t>& value,
                         const Rule& rule) {
  if (const toml::node* found = node(name)) {
    if (!found->is_integer()) {
      refuse(name, "as a whole number");
    }
    number(*found, name, rule);
    value = found->as_integer()->get();
  } else if (value) {
    table_.insert(name, *value);
  }
}

void TableReader::numbers(std::string_view name, std::vector<float>& values) {
  const toml::node* found = node(name);
  if (found == nullptr) {
    return;
  }
  if (!found->is_array()) {
    refuse(name, "as a list of numbers");
  }
  values.clear();
  for (const toml::node& item : *found->as_array()) {
    values.push_back(static_cast<float>(number(item, name, any())));
  }
}

void TableReader::texts(std::string_view name, std::vector<std::string>& values) {
  const toml::node* found = node(name);
  if (found == nullptr) {
    return;
  }
  const toml::array* list = found->as_array();
  if (list == nullptr || !(list->empty() || list->is_homogeneous<std::string>())) {
    refuse(name, "as a list of texts in quotes");
  }
  values.clear();
  for (const toml::node& item : *list) {
    values.push_back(item.as_string()->get());
  }
}

void TableReader::option(std::string_view name, KindOption& value) {
  toml::node* found = node(name);
  if (found == nullptr) {
    if (value.number() != nullptr) {
      table_.insert(name, shortest(*value.number()));
    }
    return;
  }
  if (value.number() != nullptr && found->is_number()) {
    *value.number() = static_cast<float>(number(*found, name, at_least(0)));
    return;
  }
  toml::table& options = choice(name);
  const std::string class_name = options["class"].value_or(std::string());
  const OptionsAccess* access = value.find(class_name);
  if (access == nullptr) {
    throw error<OptionError>(unknown_name(
        place_of(place_, table_.get(name)), std::string(name), class_name, value.names()));
  }
  std::shared_ptr<void> made = access->create();
  TableReader reader(options, {.file = place_.file, .subject = class_name});
  reader.node("class");
  access->visit(made.get(), reader);
  reader.finish();
  value.set(class_name, std::move(made));
}

void TableReader::named(std::string_view name, NamedOptions& values) {
  toml::table& inside = table(name);
  std::vector<std::string> names;
  for (const auto& entry : inside) {
    names.emplace_back(entry.first.str());
  }
  values.set_names(names);
  TableReader reader(inside, {.file = place_.file, .subject = std::string(name)});
  values.visit(reader);
}

void TableReader::option(std::string_view name, bool& value) {
  const toml::node* found = node(name);
  if (found == nullptr) {
    table_.insert(name, value);
    return;
  }
  if (!found->is_boolean()) {
    refuse(name, "as true or false");
  }
  value = found->as_boolean()->get();
}

void TableReader::option(std::string_view name, std::string& value) {
  const toml::node* found = node(name);
  if (found == nullptr) {
    // An empty name means: as Keras names it. It says nothing in a resolved recipe.
    if (!value.empty()) {
      table_.insert(name, value);
    }
    return;
  }
  if (!found->is_string()) {
    refuse(name, "as text in quotes");
  }
  value = found->as_string()->get();
}

void TableReader::option(std::string_view name, Shape& value) {
  const toml::node* found = node(name);
  if (found == nullptr) {
    return;
  }
  if (!found->is_array() || !found->as_array()->is_homogeneous<std::int64_t>()) {
    refuse(name, "as a list of whole numbers, such as [60, 1]");
  }
  value.clear();
  for (const toml::node& axis : *found->as_array()) {
    value.push_back(axis.as_integer()->get());
  }
}

void TableReader::choice(std::string_view name,
                         std::string& value,
                         std::span<const std::string_view> allowed) {
  option(name, value);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    throw error<OptionError>(
        unknown_name(place_of(place_, table_.get(name)), std::string(name), value, allowed));
  }
}

void TableReader::sizes(std::string_view name, std::span<std::int64_t> values, const Rule& rule) {
  const toml::node* found = node(name);
  if (found == nullptr || !found->is_array()) {
    option(name, values[0], rule);
    std::fill(values.begin(), values.end(), values[0]);
    return;
  }
  Shape list;
  option(name, list);
  if (list.size() != values.size()) {
    refuse(name, fmt::format("as a list of {}", values.size()));
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    values[i] = static_cast<std::int64_t>(number(*found->as_array()->get(i), name, rule));
  }
}

void TableReader::pairs(std::string_view name,
                        std::span<std::array<std::int64_t, 2>> values,
                        const Rule& rule) {
  const toml::node* found = node(name);
  if (found == nullptr) {
    return;
  }
  const toml::array* list = found->as_array();
  if (list != nullptr && list->size() != values.size()) {
    refuse(name, fmt::format("as a list of {}", values.size()));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const toml::node& entry = list != nullptr ? *list->get(i) : *found;
    const toml::array* ends = entry.as_array();
    if (ends != nullptr && ends->size() != 2) {
      refuse(name, "as a list of pairs");
    }
    for (std::size_t k = 0; k < 2; ++k) {
      values[i][k] =
          static_cast<std::int64_t>(number(ends != nullptr ? *ends->get(k) : entry, name, rule));
    }
  }
}

void TableReader::optional_sizes(std::string_view name,
                                 bool& is_given,
                                 std::span<std::int64_t> values,
                                 const Rule& rule) {
  is_given = node(name) != nullptr;
  if (is_given) {
    sizes(name, values, rule);
  }
}

void TableReader::option(std::string_view name, Activation& value) {
  std::string text(value.name());
  option(name, text);
  try {
    value = Activation(text);
  } catch (const OptionError&) {
    throw error<OptionError>(unknown_name(
        place_of(place_, table_.get(name)), std::string(name), text, Activation::names()));
  }
}

void TableReader::option(std::string_view name, Initializer& value) {
  toml::node* found = node(name);
  if (found == nullptr) {
    table_.insert(name, value.name());
    return;
  }
  if (!found->is_string() && !found->is_table()) {
    refuse(name, "as a name in quotes, or a table with a class");
  }
  const toml::node* class_node = found->is_table() ? found->as_table()->get("class") : found;
  const std::string class_name = class_node == nullptr ? "" : class_node->value_or(std::string());
  try {
    value = Initializer(class_name);
  } catch (const OptionError& fault) {
    throw OptionError(fmt::format("{}: {}: {}", place_of(place_, found), name, fault.what()));
  }
  if (found->is_string()) {
    return;
  }
  toml::table& table = *found->as_table();
  TableReader reader(table, {.file = place_.file, .subject = class_name});
  reader.node("class");
  const InitializerNumbers numbers = numbers_of(value);
  if (!numbers.a.empty()) {
    reader.option(numbers.a, value.a, any());
  }
  if (!numbers.b.empty()) {
    reader.option(numbers.b, value.b, numbers.b == "stddev" ? at_least(0) : any());
  }
  if (class_name == "VarianceScaling" || class_name == "variance_scaling") {
    reader.choice("mode", value.mode, kScalingModes);
    reader.choice("distribution", value.distribution, kScalingDistributions);
  }
  reader.option("seed", value.seed);
  reader.finish();
}

void TableReader::option(std::string_view name,
                         std::optional<std::string>& value,
                         std::span<const std::string_view> names) {
  const toml::node* found = node(name);
  if (found == nullptr) {
    if (value) {
      table_.insert(name, *value);
    }
    return;
  }
  const std::string text = found->value_or(std::string());
  if (!names.empty() && std::ranges::find(names, text) == names.end()) {
    throw error<OptionError>(unknown_name(place_of(place_, found), name, text, names));
  }
  value = text;
}

void TableReader::option(std::string_view name, std::optional<Layer>& value) {
  if (node(name) != nullptr) {
    value = read_choice<Layer>(choice(name), place_.file, "layer", find_layer, layer_names());
  }
}

void TableReader::fixed(std::string_view name, const FixedValue& value) {
  const toml::node* found = node(name);
  if (found == nullptr) {
    return;
  }
  const auto is_equal = [&]<class T>(const T& wanted) {
    if constexpr (std::is_same_v<T, std::monostate>) {
      return false;
    } else if constexpr (std::is_same_v<T, EmptyList>) {
      return found->is_array() && found->as_array()->empty();
    } else {
      return found->value_exact<T>() == wanted;
    }
  };
  if (!std::visit(is_equal, value)) {
    refuse(name, "left out", "Keras has this option; no other value is supported here yet.");
  }
}

void TableReader::finish() const {
  std::vector<std::string_view> names(known_.begin(), known_.end());
  for (const auto& [key, found] : table_) {
    if (!known_.contains(key.str())) {
      throw error<OptionError>(unknown_name(place_of(place_, &found), "option", key.str(), names));
    }
  }
}

}  // namespace engram
