// SPDX-License-Identifier: Apache-2.0
/// Options of any struct as the config of Keras's object: the visitor that writes.
#include "base/shortest.hpp"
#include "io/config.hpp"
#include "io/initializer_config.hpp"
#include "layers/inner_layer.hpp"

namespace engram::io {

namespace {

class ConfigWriter final : public OptionVisitor {
 public:
  Json config = Json::object();

  void option(std::string_view n, std::int64_t& v, const Rule&) override { put(n, v); }

  void option(std::string_view n, float& v, const Rule&) override { put(n, shortest(v)); }

  void option(std::string_view n, std::optional<float>& v, const Rule&) override {
    put(n, v ? Json(shortest(*v)) : Json(nullptr));
  }

  void option(std::string_view n, std::optional<std::int64_t>& v) override {
    put(n, v ? Json(*v) : Json(nullptr));
  }

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

  void sample_shape(std::string_view n, Shape& v) override {
    Json list = Json::array();
    for (const std::int64_t length : v) {
      list.push_back(length < 0 ? Json(nullptr) : Json(length));
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

  void token(std::string_view n, OptionalToken& v) override {
    put(n, std::visit([](const auto& token) { return json_of(FixedValue(token)); }, v));
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

  void named(std::string_view n, NamedOptions& v) override {
    ConfigWriter inside;
    v.visit(inside);
    put(n, std::move(inside.config));
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

}  // namespace

Json config_of(const OptionsAccess& access, const void* options) {
  ConfigWriter writer;
  access.visit(const_cast<void*>(options), writer);  // the visitor only looks
  return std::move(writer.config);
}

}  // namespace engram::io
