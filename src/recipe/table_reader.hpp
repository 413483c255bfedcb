// SPDX-License-Identifier: Apache-2.0
/// Reads options out of a TOML table, by Keras's names.
///
/// Example:
///   TableReader reader(table, {.file = "my.toml", .subject = "fit"});
///   reader.option("epochs", epochs, at_least(1));
///   reader.finish();  // refuses every key that nobody asked for
#pragma once

#include <toml++/toml.h>

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "engram/layers/layer.hpp"
#include "parts/options.hpp"

namespace engram {

/// Where a table stands, for messages.
struct TablePlace {
  std::string file;     ///< "my.toml"
  std::string subject;  ///< "LSTM", "fit"; what the options belong to
};

/// "my.toml:12: LSTM"; "--set x=1: LSTM" for a node set so; without a line for nodes of no file.
std::string place_of(const TablePlace& place, const toml::node* node);

/// Sets the values that the table holds and writes the others, the defaults, into the table.
/// Errors: OptionError naming file, line, option, rule and value.
class TableReader final : public OptionVisitor {
 public:
  TableReader(toml::table& table, TablePlace place) : table_(table), place_(std::move(place)) {}

  void option(std::string_view name, std::int64_t& value, const Rule& rule) override;
  void option(std::string_view name, float& value, const Rule& rule) override;
  void option(std::string_view name, std::optional<float>& value, const Rule& rule) override;

  void option(std::string_view name, std::optional<std::int64_t>& value) override {
    option(name, value, any());
  }

  void option(std::string_view name, std::optional<std::int64_t>& value, const Rule& rule) override;
  void numbers(std::string_view name, std::vector<float>& values) override;
  void texts(std::string_view name, std::vector<std::string>& values) override;
  void option(std::string_view name, KindOption& value) override;
  void named(std::string_view name, NamedOptions& values) override;
  void option(std::string_view name, bool& value) override;
  void option(std::string_view name, std::string& value) override;
  void option(std::string_view name, Shape& value) override;
  void option(std::string_view name, Activation& value) override;
  void option(std::string_view name, Initializer& value) override;
  void option(std::string_view name,
              std::optional<std::string>& value,
              std::span<const std::string_view> names) override;
  void option(std::string_view name, std::optional<Layer>& value) override;
  void choice(std::string_view name,
              std::string& value,
              std::span<const std::string_view> allowed) override;
  void sizes(std::string_view name, std::span<std::int64_t> values, const Rule& rule) override;
  void pairs(std::string_view name,
             std::span<std::array<std::int64_t, 2>> values,
             const Rule& rule) override;
  void optional_sizes(std::string_view name,
                      bool& is_given,
                      std::span<std::int64_t> values,
                      const Rule& rule) override;
  void fixed(std::string_view name, const FixedValue& value) override;

  /// The node called `name`, or null: for values of several types. Makes the key known.
  toml::node* node(std::string_view name);

  /// The table called `name`, made empty when it is missing.
  toml::table& table(std::string_view name);

  /// The table called `name`, which has a `class`; a name alone becomes {class = name}.
  toml::table& choice(std::string_view name);

  /// Errors: OptionError for the first key that is no option, with the nearest name.
  void finish() const;

  /// Errors: always OptionError, "<place>: expected <name> <rule>, got <value>".
  [[noreturn]] void refuse(std::string_view name,
                           const std::string& rule,
                           const std::string& remedy = "") const;

 private:
  double number(const toml::node& node, std::string_view name, const Rule& rule) const;

  toml::table& table_;
  TablePlace place_;
  std::set<std::string, std::less<>> known_;
};

/// The kind that a table names by its `class`, with the options that the table gives.
template <class Any, class Spec>
Any read_choice(toml::table& table,
                const std::string& file,
                std::string_view kind,
                const Spec* (*find)(std::string_view),
                const std::vector<std::string_view>& names) {
  TableReader outer(table, {.file = file, .subject = std::string(kind)});
  const toml::node* class_node = outer.node("class");
  if (class_node == nullptr || !class_node->is_string()) {
    outer.refuse("class", "as a name in quotes");
  }
  const std::string class_name = class_node->as_string()->get();
  const Spec* spec = find(class_name);
  if (spec == nullptr) {
    const std::string where = place_of({.file = file, .subject = "class"}, class_node);
    throw error<OptionError>(unknown_name(where, kind, class_name, names));
  }
  TableReader reader(table, {.file = file, .subject = class_name});
  reader.node("class");
  std::shared_ptr<void> options = spec->access.create();
  spec->access.visit(options.get(), reader);
  reader.finish();
  return Any(*spec, std::move(options));
}

}  // namespace engram
