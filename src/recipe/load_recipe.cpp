// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "base/error.hpp"
#include "engram/recipe.hpp"
#include "formats/files.hpp"
#include "layers/layer_spec.hpp"
#include "parts/loss_spec.hpp"
#include "parts/metric_spec.hpp"
#include "parts/optimizer_spec.hpp"
#include "recipe/bundled.hpp"
#include "recipe/notes.hpp"
#include "recipe/settings.hpp"
#include "recipe/table_reader.hpp"

namespace engram {

namespace {

constexpr std::string_view kSuffix = ".toml";
constexpr std::uint64_t kLargestRecipe = 1 << 20;

std::vector<Layer> read_layers(TableReader& root, const std::string& file) {
  toml::node* node = root.node("layers");
  if (node == nullptr || !node->is_array_of_tables()) {
    root.refuse("layers", "as one or more [[layers]] tables");
  }
  std::vector<Layer> layers;
  for (toml::node& table : *node->as_array()) {
    layers.push_back(
        read_choice<Layer>(*table.as_table(), file, "layer", find_layer, layer_names()));
  }
  return layers;
}

SeriesSource read_series_source(TableReader& reader) {
  SeriesSource source;
  reader.option("csv", source.csv);
  if (const toml::node* column = reader.node("column"); column != nullptr && column->is_integer()) {
    source.column = std::to_string(column->as_integer()->get());
  } else {
    reader.option("column", source.column);
  }
  reader.option("date", source.date);
  reader.option("window", source.window, at_least(1));
  reader.option("test_rows", source.test_rows, at_least(0));
  reader.option("scaler", source.scaler);
  if (!make_scaler(source.scaler)) {
    reader.refuse("scaler", "\"minmax\", \"standard\" or \"none\"");
  }
  return source;
}

LettersSource read_letters_source(TableReader& reader) {
  LettersSource source;
  reader.option("letters", source.letters);
  reader.option("window", source.window, at_least(1));
  reader.option("cycle", source.cycle);
  reader.option("encoding", source.encoding);
  if (source.encoding != "one_hot" && source.encoding != "id") {
    reader.refuse("encoding", "\"one_hot\" or \"id\"");
  }
  return source;
}

void read_data(TableReader& root, const std::string& file, Recipe& recipe) {
  TableReader reader(root.table("data"), {.file = file, .subject = "data"});
  if (reader.node("letters") != nullptr) {
    recipe.data = read_letters_source(reader);
  } else {
    recipe.data = read_series_source(reader);
  }
  reader.option("shuffle_seed", recipe.shuffle_seed);
  if (recipe.shuffle_seed && !in_range(0, 4294967295.0).allows(double(*recipe.shuffle_seed))) {
    reader.refuse("shuffle_seed", "in [0, 4294967295], as numpy's");
  }
  reader.finish();
}

void read_compile(TableReader& root, const std::string& file, Recipe& recipe) {
  TableReader reader(root.table("compile"), {.file = file, .subject = "compile"});
  recipe.compile.optimizer = read_choice<Optimizer>(
      reader.choice("optimizer"), file, "optimizer", find_optimizer, optimizer_names());
  recipe.compile.loss =
      read_choice<Loss>(reader.choice("loss"), file, "loss", find_loss, loss_names());
  if (const toml::node* metrics = reader.node("metrics")) {
    if (!metrics->is_array()) {
      reader.refuse("metrics", "as a list of names");
    }
    for (const toml::node& name : *metrics->as_array()) {
      recipe.compile.metrics.emplace_back(name.value_or(std::string_view()));
    }
  }
  reader.finish();
}

void read_validation(TableReader& reader, Recipe& recipe) {
  const toml::node* validation = reader.node("validation");
  const std::string word = validation == nullptr ? "none" : validation->value_or(std::string());
  recipe.validates_on_test = word == "test";
  const auto* series = std::get_if<SeriesSource>(&recipe.data);
  if (recipe.validates_on_test && (series == nullptr || series->test_rows == 0)) {
    reader.refuse("validation", "other than \"test\" without test rows");
  }
  if (word == "none" || word == "test") {
    return;
  }
  recipe.validation_split = validation->value_or(0.0);
  if (!(recipe.validation_split > 0 && recipe.validation_split < 1)) {
    reader.refuse("validation", "\"test\", \"none\" or a share between 0 and 1");
  }
}

/// The monitor must be a value that fit will log.
void check_monitor(const TableReader& reader, const Recipe& recipe) {
  std::vector<std::string> names = {"loss"};
  for (const Metric& metric : recipe.compile.metrics) {
    names.push_back(metric.name());
  }
  if (recipe.validates_on_test || recipe.validation_split > 0) {
    for (std::size_t i = 0, n = names.size(); i < n; ++i) {
      names.push_back("val_" + names[i]);
    }
  }
  if (std::find(names.begin(), names.end(), recipe.monitor) == names.end()) {
    reader.refuse("monitor", fmt::format("one of {}", fmt::join(names, ", ")));
  }
}

void read_fit(TableReader& root, const std::string& file, Recipe& recipe) {
  TableReader reader(root.table("fit"), {.file = file, .subject = "fit"});
  reader.option("batch_size", recipe.batch_size, at_least(1));
  reader.option("epochs", recipe.epochs, at_least(1));
  reader.option("seed", recipe.seed, at_least(0));
  read_validation(reader, recipe);
  reader.option("monitor", recipe.monitor);
  check_monitor(reader, recipe);
  reader.finish();
}

void check_name(const TableReader& root, const std::string& name) {
  const auto is_allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_allowed)) {
    root.refuse("name", "of letters, digits, - and _");
  }
}

Recipe read_recipe(toml::table& table, const std::string& file) {
  Recipe recipe;
  recipe.name = std::filesystem::path(file).stem().string();
  TableReader root(table, {.file = file, .subject = "recipe"});
  root.option("name", recipe.name);
  check_name(root, recipe.name);
  read_data(root, file, recipe);
  recipe.layers = read_layers(root, file);
  read_compile(root, file, recipe);
  read_fit(root, file, recipe);
  root.finish();
  std::ostringstream text;
  text << table << "\n";
  recipe.toml = text.str();
  return recipe;
}

}  // namespace

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const BundledFile& file : bundled_files()) {
    if (file.name.ends_with(kSuffix)) {
      names.emplace_back(file.name.substr(0, file.name.size() - kSuffix.size()));
    }
  }
  return names;
}

Recipe load_recipe(const std::string& name_or_path, const std::vector<std::string>& settings) {
  const std::vector<std::string> names = recipe_names();
  const bool is_bundled = std::find(names.begin(), names.end(), name_or_path) != names.end();
  std::string file = name_or_path;
  std::string text;
  if (is_bundled) {
    file += kSuffix;
    text = bundled_text(file);
  } else if (std::filesystem::exists(name_or_path)) {
    text = formats::read_file(name_or_path, kLargestRecipe);
  } else {
    const std::vector<std::string_view> views(names.begin(), names.end());
    throw error<OptionError>(
        unknown_name("recipe", "recipe, or the path of a .toml file", name_or_path, views));
  }
  toml::table table = parse_toml(text, file);
  for (const std::string& setting : settings) {
    apply_setting(table, setting);
  }
  return read_recipe(table, file);
}

}  // namespace engram
