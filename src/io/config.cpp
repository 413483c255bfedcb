// SPDX-License-Identifier: Apache-2.0
#include "io/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.hpp"
#include "formats/bounds.hpp"
#include "io/cudnn.hpp"

namespace engram::io {

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

Json float32_policy() { return keras_object("keras", "DTypePolicy", {{"name", "float32"}}); }

Json layer_config(const Layer& layer, const std::string& name) {
  const Json options = config_of(layer.spec().access, layer.options());
  Json config;
  for (const auto& [key, value] : options.items()) {
    config[key] = key == "name" ? Json(name) : value;
    if (key == "trainable") {
      config["dtype"] = float32_policy();
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
         .got = engram::in_quotes(name.as_string()),
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

}  // namespace engram::io
