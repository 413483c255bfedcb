// SPDX-License-Identifier: Apache-2.0
#include "io/initializer_config.hpp"

#include "base/error.hpp"
#include "base/shortest.hpp"

namespace engram::io {

namespace {

Json seed_of(const std::optional<std::int64_t>& seed) { return seed ? Json(*seed) : Json(nullptr); }

Initializer scaling(const JsonAt& config) {
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

}  // namespace

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

Initializer read_initializer(const JsonAt& at) {
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

}  // namespace engram::io
