// SPDX-License-Identifier: Apache-2.0
#include "io/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/error.hpp"
#include "formats/bounds.hpp"
#include "io/cudnn.hpp"
#include "layers/inner_layer.hpp"

namespace engram::io {

namespace {

/// The double that prints as the float does: 0.2f gives 0.2.
double shortest(float value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double result = 0;
  std::from_chars(text.data(), end, result);
  return result;
}

Json json_of(const FixedValue& value) {
  return std::visit(
      [](const auto& v) {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::monostate>) {
          return Json(nullptr);
        } else if constexpr (std::is_same_v<std::decay_t<decltype(v)>, EmptyList>) {
          return Json::array();
        } else {
          return Json(v);
        }
      },
      value);
}

Json seed_of(const std::optional<std::int64_t>& seed) { return seed ? Json(*seed) : Json(nullptr); }

Json initializer_config(const Initializer& value) {
  const std::string& name = value.class_name();
  if (name == "Zeros" || name == "Ones") {
    return Json::object();
  }
  if (name == "Constant") {
    return {{"value", shortest(value.a)}};
  }
  if (name == "Identity") {
    return {{"gain", shortest(value.a)}};
  }
  if (name == "VarianceScaling") {
    return {{"seed", seed_of(value.seed)},
            {"scale", shortest(value.a)},
            {"mode", value.mode},
            {"distribution", value.distribution},
            {"input_axes", nullptr},
            {"output_axes", nullptr}};
  }
  if (name == "Orthogonal") {
    return {{"seed", seed_of(value.seed)}, {"gain", shortest(value.a)}};
  }
  if (name == "RandomUniform") {
    return {{"seed", seed_of(value.seed)},
            {"minval", shortest(value.a)},
            {"maxval", shortest(value.b)}};
  }
  if (name == "RandomNormal" || name == "TruncatedNormal") {
    return {
        {"seed", seed_of(value.seed)}, {"mean", shortest(value.a)}, {"stddev", shortest(value.b)}};
  }
  return {{"seed", seed_of(value.seed)}};  // the scaled ones: Glorot, He, Lecun
}

class ConfigWriter final : public OptionVisitor {
 public:
  Json config = Json::object();

  void option(std::string_view n, std::int64_t& v, const Rule&) override { put(n, v); }

  void option(std::string_view n, float& v, const Rule&) override { put(n, shortest(v)); }

  void option(std::string_view n, std::optional<float>& v, const Rule&) override {
    put(n, v ? Json(shortest(*v)) : Json(nullptr));
  }

  void option(std::string_view n, std::optional<std::int64_t>& v) override { put(n, seed_of(v)); }

  void option(std::string_view n, bool& v) override { put(n, v); }

  void option(std::string_view n, std::string& v) override { put(n, v); }

  /// Keras says None for no axes, such as PReLU's shared ones, and in shapes of tensors for -1.
  void option(std::string_view n, Shape& v) override {
    Json list = v.empty() ? Json(nullptr) : Json(v);
    for (std::size_t i = 0; n == "noise_shape" && i < v.size(); ++i) {
      list[i] = v[i] < 0 ? Json(nullptr) : Json(v[i]);
    }
    put(n, std::move(list));
  }

  void option(std::string_view n, Activation& v) override { put(n, std::string(v.name())); }

  void option(std::string_view n, Initializer& v) override {
    put(n,
        v.object.empty() ? keras_object("keras.initializers", v.class_name(), initializer_config(v))
                         : Json::parse(v.object));
  }

  void option(std::string_view n,
              std::optional<std::string>& v,
              std::span<const std::string_view>) override {
    put(n, v ? Json(*v) : Json(nullptr));
  }

  void option(std::string_view n, std::optional<Layer>& v) override {
    put(n, v ? layer_config(*v, name_of(*v)) : Json(nullptr));
  }

  void option(std::string_view n, std::vector<Layer>& v) override {
    Json list = Json::array();
    const std::vector<std::string> names = names_of(v);
    for (std::size_t i = 0; i < v.size(); ++i) {
      list.push_back(layer_config(v[i], names[i]));
    }
    put(n, std::move(list));
  }

  void sizes(std::string_view n, std::span<std::int64_t> v, const Rule&) override {
    put(n, std::vector<std::int64_t>(v.begin(), v.end()));
  }

  void pairs(std::string_view n, std::span<std::array<std::int64_t, 2>> v, const Rule&) override {
    put(n, std::vector<std::array<std::int64_t, 2>>(v.begin(), v.end()));
  }

  void optional_sizes(std::string_view n,
                      bool& is_given,
                      std::span<std::int64_t> v,
                      const Rule& rule) override {
    if (is_given) {
      sizes(n, v, rule);
    } else {
      put(n, nullptr);
    }
  }

  void numbers(std::string_view n, std::vector<float>& v) override {
    Json list = v.empty() ? Json(nullptr) : Json::array();
    for (const float number : v) {
      list.push_back(shortest(number));
    }
    put(n, std::move(list));
  }

  void whole_numbers(std::string_view n, std::vector<std::int64_t>& v, const Rule&, bool) override {
    put(n, v.empty() ? Json(nullptr) : Json(v));
  }

  /// Keras says None for no vocabulary, but [] for no layers.
  void texts(std::string_view n, std::vector<std::string>& v) override {
    put(n, v.empty() && n != "exclude_layers" ? Json(nullptr) : Json(v));
  }

  void option(std::string_view n, KindOption& v) override {
    if (const Foreign* foreign = v.foreign()) {
      put(n, Json::parse(foreign->object));
    } else if (!v.class_name().empty()) {
      put(n, keras_object(v.module(), v.class_name(), config_of(v.access(), v.options())));
    } else {
      put(n, v.number() == nullptr ? Json(nullptr) : Json(shortest(*v.number())));
    }
  }

  void rare_option(std::string_view n, KindOption& v) override {
    if (!v.class_name().empty()) {
      option(n, v);
    }
  }

  void place_of_none(std::string_view n) override {
    if (!config.contains(std::string(n))) {
      put(n, nullptr);
    }
  }

  bool begins_extras(bool are_usual) override { return !are_usual; }

  void fixed(std::string_view n, const FixedValue& v) override { put(n, json_of(v)); }

 private:
  void put(std::string_view name, Json value) { config[std::string(name)] = std::move(value); }
};

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
      const bool is_list = at->value().is_array();
      v.clear();
      for (std::size_t i = 0; i < (is_list ? at->size() : 1); ++i) {
        const JsonAt entry = is_list ? (*at)[i] : *at;
        v.push_back(n == "noise_shape" && entry.value().is_null() ? -1 : entry.as_int());
        check(entry, static_cast<double>(v.back()), in_range(-kLargestAxes, kLargestSize));
      }
      if (v.size() > kLargestAxes) {
        at->refuse("at most 9 axes");
      }
    } else if (config_.value().contains(std::string(n))) {
      v.clear();  // null: none
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
      v = initializer(*at);
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

  static Initializer scaling(const JsonAt& config) {
    VarianceScaling o;
    if (config.has("scale")) {
      o.scale = static_cast<float>(config["scale"].as_double());
    }
    if (config.has("mode")) {
      o.mode = config["mode"].as_string();
    }
    if (config.has("distribution")) {
      o.distribution = config["distribution"].as_string();
    }
    for (const char* axes : {"input_axes", "output_axes"}) {
      if (config.has(axes)) {
        config[axes].refuse("None, the only value that is supported");
      }
    }
    try {
      return o;
    } catch (const OptionError& fault) {
      config.refuse(std::string("a scaling that exists: ") + fault.what());
    }
  }

  static Initializer initializer(const JsonAt& at) {
    const JsonAt name = at.value().is_object() ? at["class_name"] : at;
    Initializer value;
    try {
      value = Initializer(name.as_string());
    } catch (const OptionError&) {
      return Initializer::foreign(foreign_name(at), at.value().dump());
    }
    if (!at.value().is_object() || !at.has("config")) {
      return value;
    }
    const JsonAt config = at["config"];
    const auto number = [&](const char* key, float& into) {
      if (config.has(key)) {
        into = static_cast<float>(config[key].as_double());
      }
    };
    const std::string& kind = value.class_name();
    if (kind == "Constant") {
      number("value", value.a);
    } else if (kind == "Orthogonal" || kind == "Identity") {
      number("gain", value.a);
    } else if (kind == "VarianceScaling") {
      value = scaling(config);
    } else {
      number(kind == "RandomUniform" ? "minval" : "mean", value.a);
      number(kind == "RandomUniform" ? "maxval" : "stddev", value.b);
    }
    if (config.has("seed") && config["seed"].value().is_number_integer()) {
      value.seed = config["seed"].as_int();
    }
    return value;
  }

  const JsonAt& config_;
  std::set<std::string> known_;
};

}  // namespace

Json config_of(const OptionsAccess& access, const void* options) {
  ConfigWriter writer;
  access.visit(const_cast<void*>(options), writer);  // the visitor only looks
  return std::move(writer.config);
}

void check_fixed(const JsonAt& config, std::string_view name, const FixedValue& value) {
  const std::string key(name);
  const Json expected = json_of(value);
  if (config.value().contains(key) && config.value()[key] != expected) {
    config[name].refuse(fmt::format("{}, the only value that is supported",
                                    expected.is_null() ? "None" : expected.dump()));
  }
}

Json keras_object(std::string_view module, std::string_view class_name, Json config) {
  return {{"module", module},
          {"class_name", class_name},
          {"config", std::move(config)},
          {"registered_name", nullptr}};
}

Json layer_config(const Layer& layer, const std::string& name) {
  const Json options = config_of(layer.spec().access, layer.options());
  Json config;
  for (const auto& [key, value] : options.items()) {
    config[key] = key == "name" ? Json(name) : value;
    if (key == "trainable") {
      config["dtype"] = keras_object("keras", "DTypePolicy", {{"name", "float32"}});
    }
  }
  return keras_object("keras.layers", layer.spec().class_name, std::move(config));
}

Layer read_layer(const JsonAt& at) {
  const JsonAt name = at["class_name"];
  const LayerSpec* spec = find_layer(plain_class(name.as_string()));
  if (spec == nullptr) {
    throw error<FileError>(
        {.where = at.where(),
         .expected = "a supported layer",
         .got = engram::quoted(name.as_string()),
         .remedy = fmt::format("Supported: {}.", fmt::join(layer_names(), ", "))});
  }
  return Layer(*spec, read_options(spec->access, at["config"]));
}

std::string foreign_name(const JsonAt& at) {
  if (!at.value().is_object()) {
    return read_name(at);
  }
  const bool is_function = at["class_name"].as_string() == "function";
  return read_name(at[is_function ? "config" : "class_name"]);
}

std::string json_text(const Json& json, const std::string& member) {
  std::string text = formats::write_json(json, member);
  try {
    formats::parse_json(text, member);
  } catch (const FileError& problem) {
    throw OptionError(std::string("This could not be read back: ") + problem.what());
  }
  return text;
}

bool is_plain_name(std::string_view name) {
  return name.size() <= formats::kLongestName &&
         std::none_of(name.begin(), name.end(), [](unsigned char c) {
           return c < 0x20 || c == 0x7f || c == '/';
         });
}

std::string read_name(const JsonAt& at) {
  if (!is_plain_name(at.as_string())) {
    at.refuse("a name of at most 512 bytes without slashes or control characters");
  }
  return at.as_string();
}

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
