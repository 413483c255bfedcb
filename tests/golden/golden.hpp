// SPDX-License-Identifier: Apache-2.0
/// Reads the golden data of real Keras; tools/make_golden.py describes its form.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engram/sequential.hpp"
#include "layers/layer_spec.hpp"

namespace engram::golden {

using nlohmann::json;

inline json read(const std::string& name) {
  std::ifstream file(std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/" + name);
  return json::parse(file);
}

/// The stream of numbers that stands for stored data: splitmix64, 24 bits of each word.
class NumberStream {
 public:
  explicit NumberStream(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) >> 40;
  }

  float value(float scale) {
    return static_cast<float>(static_cast<double>(bits()) / (1 << 24) * 2 - 1) * scale;
  }

 private:
  std::uint64_t state_;
};

inline Tensor stream(std::uint64_t seed, const Shape& shape, float scale = 1) {
  NumberStream numbers(seed);
  Tensor tensor(shape);
  for (float& value : tensor.values()) {
    value = numbers.value(scale);
  }
  return tensor;
}

inline Tensor stream_of_ids(std::uint64_t seed, const Shape& shape, std::uint64_t n) {
  NumberStream numbers(seed);
  Tensor tensor(shape);
  for (float& value : tensor.values()) {
    value = static_cast<float>(numbers.bits() % n);
  }
  return tensor;
}

/// A tensor that is stored whole.
inline Tensor tensor(const json& from) {
  return Tensor(from["shape"].get<Shape>(), from["values"].get<std::vector<float>>());
}

/// The weights of a case, in the order of Keras's model.weights.
inline std::vector<Tensor> weights_of(const json& golden) {
  std::vector<Tensor> weights;
  std::uint64_t index = 2;
  for (const json& weight : golden["weights"]) {
    weights.push_back(stream(golden["seed"].get<std::uint64_t>() * 1000 + index++,
                             weight["shape"].get<Shape>(),
                             weight["scale"].get<float>()));
    for (float& value : weights.back().values()) {
      value += weight.value("offset", 0.0f);
    }
  }
  return weights;
}

/// Compares with a stored tensor: each value within `allowed`, and of a long one the sums.
inline void expect_near(const Tensor& actual, const json& expected, double allowed) {
  ASSERT_EQ(size_of(actual.shape()), size_of(expected["shape"].get<Shape>()));
  const json& values = expected.contains("values") ? expected["values"] : expected["first"];
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_NEAR(actual.values()[i], values[i].get<double>(), allowed) << "element " << i;
  }
  if (expected.contains("dot")) {
    NumberStream numbers(expected["dot_seed"].get<std::uint64_t>());
    double dot = 0, squares = 0;
    for (const float value : actual.values()) {
      dot += static_cast<double>(value) * numbers.value(1);
      squares += static_cast<double>(value) * value;
    }
    // Independent errors below `allowed` add up like the root of their number; with a margin of 4.
    const double root = 4 * allowed * std::sqrt(static_cast<double>(actual.size()));
    ASSERT_NEAR(dot, expected["dot"].get<double>(), root);
    ASSERT_NEAR(std::sqrt(squares), expected["l2"].get<double>(), root);
  }
}

/// Sets options from a golden config; other keys fail the test.
class ConfigReader final : public OptionVisitor {
 public:
  explicit ConfigReader(const json& config) : config_(config) {}

  void option(std::string_view n, std::int64_t& v, const Rule&) override { read(n, v); }

  void option(std::string_view n, float& v, const Rule&) override { read(n, v); }

  void option(std::string_view n, std::optional<float>& v, const Rule&) override {
    if (float value = 0; read(n, value)) {
      v = value;
    } else if (config_.contains(std::string(n))) {
      v.reset();
    }
  }

  void option(std::string_view n, std::optional<std::int64_t>& v) override {
    if (std::int64_t value = 0; read(n, value)) {
      v = value;
    }
  }

  void option(std::string_view n, KindOption& v) override {
    const auto found = config_.find(std::string(n));
    if (found == config_.end() || found->is_number()) {
      if (v.number() != nullptr) {
        read(n, *v.number());
      }
      return;
    }
    json kind;
    read(n, kind);
    const std::string name = kind["class_name"].get<std::string>();
    std::shared_ptr<void> options = v.find(name)->create();
    ConfigReader reader(kind["config"]);
    v.find(name)->visit(options.get(), reader);
    EXPECT_EQ(reader.used(), kind["config"].size()) << kind;
    v.set(name, std::move(options));
  }

  void option(std::string_view n, bool& v) override { read(n, v); }

  void option(std::string_view n, std::string& v) override { read(n, v); }

  void option(std::string_view n, Shape& v) override {
    if (const json* found = find(n)) {
      v = found->is_null()     ? Shape{}
          : found->is_number() ? Shape{found->get<std::int64_t>()}
                               : found->get<Shape>();
    }
  }

  void sample_shape(std::string_view n, Shape& v) override {
    if (const json* found = find(n)) {
      v.clear();
      for (const json& length : found->is_array() ? *found : json::array({*found})) {
        v.push_back(length.is_null() ? -1 : length.get<std::int64_t>());
      }
    }
  }

  void option(std::string_view n, Activation& v) override {
    if (std::string name; read(n, name)) {
      v = Activation(name);
    }
  }

  void option(std::string_view, Initializer&) override {}

  void option(std::string_view n,
              std::optional<std::string>& v,
              std::span<const std::string_view>) override {
    if (std::string text; read(n, text)) {
      v = text;
    }
  }

  void option(std::string_view n, std::optional<Layer>& v) override;

  void sizes(std::string_view n, std::span<std::int64_t> v, const Rule&) override {
    if (const json* found = find(n)) {
      for (std::size_t i = 0; i < v.size(); ++i) {
        v[i] = (found->is_array() ? (*found)[i] : *found).get<std::int64_t>();
      }
    }
  }

  void pairs(std::string_view n, std::span<std::array<std::int64_t, 2>> v, const Rule&) override {
    if (const json* found = find(n)) {
      for (std::size_t i = 0; i < v.size(); ++i) {
        v[i] = (*found)[i].get<std::array<std::int64_t, 2>>();
      }
    }
  }

  void optional_sizes(std::string_view n,
                      bool& is_given,
                      std::span<std::int64_t> v,
                      const Rule& rule) override {
    is_given = config_.contains(std::string(n));
    sizes(n, v, rule);
  }

  void numbers(std::string_view n, std::vector<float>& v) override {
    if (const json* found = find(n)) {
      v = found->is_array() ? found->get<std::vector<float>>() : std::vector{found->get<float>()};
    }
  }

  void fixed(std::string_view, const FixedValue&) override {}

  std::size_t used() const { return used_; }

 private:
  const json* find(std::string_view name) {
    const auto found = config_.find(std::string(name));
    used_ += found != config_.end() ? 1 : 0;
    return found != config_.end() ? &*found : nullptr;
  }

  template <class T>
  bool read(std::string_view name, T& value) {
    const json* found = find(name);
    if (found == nullptr || found->is_null()) {
      return false;
    }
    value = found->get<T>();
    return true;
  }

  const json& config_;
  std::size_t used_ = 0;
};

/// A choice (Layer, Optimizer, Loss) out of a spec and a golden config.
template <class Chosen, class Spec>
Chosen chosen(const Spec& spec, const json& config) {
  std::shared_ptr<void> options = spec.access.create();
  ConfigReader reader(config);
  spec.access.visit(options.get(), reader);
  EXPECT_EQ(reader.used(), config.size()) << config;
  return Chosen(spec, std::move(options));
}

inline Layer layer_of(const json& layer);

inline void ConfigReader::option(std::string_view n, std::optional<Layer>& v) {
  if (json layer; read(n, layer)) {
    v = layer_of(layer);
  }
}

inline Layer layer_of(const json& layer) {
  const LayerSpec* spec = find_layer(layer["class_name"].get<std::string>());
  EXPECT_NE(spec, nullptr) << layer;
  return chosen<Layer>(*spec, layer["config"]);
}

}  // namespace engram::golden
