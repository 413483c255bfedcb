// SPDX-License-Identifier: Apache-2.0
/// Options of any struct out of the config of Keras's object: the visitor that reads and checks.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/error.hpp"
#include "io/config.hpp"
#include "io/initializer_config.hpp"

namespace engram::io {

namespace {

/// As many axes as a tensor may have.
constexpr int kLargestAxes = 9;

/// What a number that stands for a list may count up to.
constexpr int kMostNumbers = 1024;

/// Keys of layers that change nothing here, whatever they hold: storage types, hints of speed, and
/// leftovers of older Keras.
constexpr std::array<std::string_view, 7> kUnused = {"dtype",
                                                     "implementation",
                                                     "time_major",
                                                     "use_cudnn",
                                                     "batch_input_shape",
                                                     "input_length",
                                                     "build_config"};

class ConfigReader final : public OptionVisitor {
 public:
  explicit ConfigReader(const JsonAt& config) : config_(config) {}

  void option(std::string_view n, std::int64_t& v, const Rule& rule) override {
    if (const auto at = find(n)) {
      v = at->as_int();
      check(*at,
            static_cast<double>(v),
            {.low = rule.low, .high = std::min(rule.high, static_cast<double>(kLargestSize))});
    }
  }

  void option(std::string_view n, float& v, const Rule& rule) override {
    if (const auto at = find(n)) {
      check(*at, at->as_double(), rule);
      v = static_cast<float>(at->as_double());
    }
  }

  void option(std::string_view n, std::optional<float>& v, const Rule& rule) override {
    const auto at = find(n);
    v.reset();
    if (at) {
      check(*at, at->as_double(), rule);
      v = static_cast<float>(at->as_double());
    }
  }

  void option(std::string_view n, std::optional<std::int64_t>& v) override { option(n, v, any()); }

  void option(std::string_view n, std::optional<std::int64_t>& v, const Rule& rule) override {
    const auto at = find(n);
    v.reset();
    if (at) {
      v = at->as_int();
      check(*at, static_cast<double>(*v), rule);
    }
  }

  void option(std::string_view n, KindOption& v) override {
    const auto at = find(n);
    if (at && v.number() != nullptr && at->value().is_number()) {
      check(*at, at->as_double(), at_least(0));
      *v.number() = static_cast<float>(at->as_double());
    } else if (at) {
      read_kind(*at, v);
    } else if (v.number() == nullptr && config_.value().contains(std::string(n))) {
      v.set("", nullptr);
    }
  }

  void named(std::string_view n, NamedOptions& v) override {
    const auto at = find(n);
    if (!at || !at->value().is_object()) {
      config_.refuse(fmt::format("an object {}", n));
    }
    std::vector<std::string> names;
    for (const auto& entry : at->value().items()) {
      names.push_back(entry.key());
    }
    v.set_names(names);
    ConfigReader inside(*at);
    v.visit(inside);
  }

  void option(std::string_view n, bool& v) override {
    if (const auto at = find(n)) {
      v = at->as_bool();
    }
  }

  void option(std::string_view n, std::string& v) override {
    if (const auto at = find(n)) {
      v = read_name(*at);
    }
  }

  /// A list of axes or lengths, or one.
  void option(std::string_view n, Shape& v) override {
    if (const auto at = find(n)) {
      v = read_shape(*at, n == "noise_shape");
    } else if (config_.value().contains(std::string(n))) {
      v.clear();  // null: none
    }
  }

  void sample_shape(std::string_view n, Shape& v) override {
    if (const auto at = find(n)) {
      v = read_shape(*at, true);
    }
  }

  void choice(std::string_view n,
              std::string& v,
              std::span<const std::string_view> allowed) override {
    if (const auto at = find(n)) {
      if (std::find(allowed.begin(), allowed.end(), at->as_string()) == allowed.end()) {
        throw error<FileError>(unknown_name(at->where(), n, at->as_string(), allowed));
      }
      v = at->as_string();
    }
  }

  /// A list of as many sizes, or one for all axes.
  void sizes(std::string_view n, std::span<std::int64_t> v, const Rule& rule) override {
    if (const auto at = find(n)) {
      read_sizes(*at, v, rule);
    }
  }

  /// Of each axis a pair, or one size for both ends; or one size for all.
  void pairs(std::string_view n,
             std::span<std::array<std::int64_t, 2>> v,
             const Rule& rule) override {
    const auto at = find(n);
    if (!at) {
      return;
    }
    const bool is_list = at->value().is_array();
    if (is_list && at->size() != v.size()) {
      at->refuse(fmt::format("a list of {}", v.size()));
    }
    for (std::size_t i = 0; i < v.size(); ++i) {
      read_sizes(is_list ? (*at)[i] : *at, v[i], rule);
    }
  }

  void optional_sizes(std::string_view n,
                      bool& is_given,
                      std::span<std::int64_t> v,
                      const Rule& rule) override {
    is_given = find(n).has_value();
    sizes(n, v, rule);
  }

  void numbers(std::string_view n, std::vector<float>& v) override {
    v.clear();
    if (auto at = find(n)) {
      if (at->value().is_object()) {  // Keras's way to write a tensor
        at = (*at)["config"]["value"];
      }
      const bool is_list = at->value().is_array();
      for (std::size_t i = 0; i < (is_list ? at->size() : 1); ++i) {
        const JsonAt entry = is_list ? (*at)[i] : *at;
        check(entry, entry.as_double(), any());
        v.push_back(static_cast<float>(entry.as_double()));
      }
    }
  }

  void whole_numbers(std::string_view n,
                     std::vector<std::int64_t>& v,
                     const Rule& rule,
                     bool counts_up) override {
    v.clear();
    const auto at = find(n);
    if (at && counts_up && !at->value().is_array()) {
      check(*at, static_cast<double>(at->as_int()), in_range(rule.low, kMostNumbers));
      for (std::int64_t i = 1; i <= at->as_int(); ++i) {
        v.push_back(i);
      }
      return;
    }
    for (std::size_t i = 0; at && i < at->size(); ++i) {
      v.push_back((*at)[i].as_int());
      check((*at)[i], static_cast<double>(v.back()), rule);
    }
  }

  void texts(std::string_view n, std::vector<std::string>& v) override {
    v.clear();
    const auto at = find(n);
    for (std::size_t i = 0; at && i < at->size(); ++i) {
      v.push_back((*at)[i].as_string());
    }
  }

  void token(std::string_view n, OptionalToken& v) override {
    v = {};
    if (const auto at = find(n)) {
      v = at->value().is_string() ? OptionalToken(at->as_string()) : OptionalToken(at->as_int());
    }
  }

  void option(std::string_view n, Activation& v) override {
    const auto at = find(n);
    if (at) {
      const JsonAt name = at->value().is_object() ? (*at)["config"] : *at;
      const std::string& text = name.as_string();
      try {
        v = Activation(text);
      } catch (const OptionError&) {
        throw error<FileError>(unknown_name(name.where(), "activation", text, Activation::names()));
      }
    } else if (config_.value().contains(std::string(n))) {
      v = Activation();  // null is linear
    }
  }

  void option(std::string_view n, Initializer& v) override {
    if (const auto at = find(n)) {
      v = read_initializer(*at);
    }
  }

  void option(std::string_view n,
              std::optional<std::string>& v,
              std::span<const std::string_view> names) override {
    const auto at = find(n);
    if (config_.value().contains(std::string(n))) {
      v.reset();  // null
    }
    if (at) {
      v = at->as_string();
      if (!names.empty() && std::ranges::find(names, *v) == names.end()) {
        throw error<FileError>(unknown_name(at->where(), n, *v, names));
      }
    }
  }

  void option(std::string_view n, std::optional<Layer>& v) override {
    if (const auto at = find(n)) {
      v = read_layer(*at);
    }
  }

  void option(std::string_view n, std::vector<Layer>& v) override {
    v.clear();
    if (const auto at = find(n)) {
      for (std::size_t i = 0; i < at->size(); ++i) {
        v.push_back(read_layer((*at)[i]));
      }
    }
  }

  void fixed(std::string_view n, const FixedValue& v) override {
    known(n);
    check_fixed(config_, n, v);
  }

  void ignored(std::string_view n, const FixedValue&) override { known(n); }

  /// Errors: FileError for a key that no option has.
  void refuse_unknown() const {
    for (const auto& [key, value] : config_.value().items()) {
      if (!known_.contains(key) &&
          std::find(kUnused.begin(), kUnused.end(), key) == kUnused.end()) {
        std::vector<std::string_view> names(known_.begin(), known_.end());
        throw error<FileError>(unknown_name(config_.where(), "option", key, names));
      }
    }
  }

 private:
  void known(std::string_view name) { known_.insert(std::string(name)); }

  /// The value at `name`, when it is there and not null.
  std::optional<JsonAt> find(std::string_view name) {
    known(name);
    return config_.has(name) ? std::optional(config_[name]) : std::nullopt;
  }

  static void check(const JsonAt& at, double value, const Rule& rule) {
    if (!rule.allows(value)) {
      at.refuse(rule.text());
    }
  }

  static Shape read_shape(const JsonAt& at, bool may_be_open) {
    const bool is_list = at.value().is_array();
    Shape shape;
    for (std::size_t i = 0; i < (is_list ? at.size() : 1); ++i) {
      const JsonAt entry = is_list ? at[i] : at;
      shape.push_back(may_be_open && entry.value().is_null() ? -1 : entry.as_int());
      check(entry, static_cast<double>(shape.back()), in_range(-kLargestAxes, kLargestSize));
    }
    if (shape.size() > kLargestAxes) {
      at.refuse("at most 9 axes");
    }
    return shape;
  }

  static void read_sizes(const JsonAt& at, std::span<std::int64_t> v, const Rule& rule) {
    const bool is_list = at.value().is_array();
    if (is_list && at.size() != v.size()) {
      at.refuse(fmt::format("a list of {}", v.size()));
    }
    for (std::size_t i = 0; i < v.size(); ++i) {
      const JsonAt entry = is_list ? at[i] : at;
      v[i] = entry.as_int();
      check(entry,
            static_cast<double>(v[i]),
            {.low = rule.low, .high = std::min(rule.high, static_cast<double>(kLargestSize))});
    }
  }

  static void read_kind(const JsonAt& at, KindOption& v) {
    const bool is_object = at.value().is_object();
    const JsonAt name = is_object ? at["class_name"] : at;
    const OptionsAccess* access = v.find(name.as_string());
    if (access == nullptr && v.set_foreign(foreign_name(at), at.value().dump())) {
      return;
    }
    if (access == nullptr) {
      throw error<FileError>(unknown_name(name.where(), "class", name.as_string(), v.names()));
    }
    v.set(name.as_string(),
          is_object && at.has("config") ? read_options(*access, at["config"]) : access->create());
  }

  const JsonAt& config_;
  std::set<std::string> known_;
};

}  // namespace

std::shared_ptr<void> read_options(const OptionsAccess& access, const JsonAt& config) {
  if (!config.value().is_object()) {
    config.refuse("an object");
  }
  std::shared_ptr<void> options = access.create();
  ConfigReader reader(config);
  try {
    access.visit(options.get(), reader);
  } catch (const OptionError& problem) {  // options that contradict each other
    throw FileError(config.where() + ": " + problem.what());
  }
  reader.refuse_unknown();
  return options;
}

}  // namespace engram::io
