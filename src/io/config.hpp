// SPDX-License-Identifier: Apache-2.0
/// Options to and from the objects of Keras's config.json: {module, class_name, config, ...}.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "formats/json.hpp"
#include "model/model_data.hpp"

namespace engram::io {

using formats::Json;
using formats::JsonAt;

/// Sizes in a config: larger ones could overflow products, and no file holds weights for them.
inline constexpr std::int64_t kLargestSize = std::int64_t{1} << 31;

/// The value of an option that has only one.
Json json_of(const FixedValue& value);

/// The config of any options struct, its keys in Keras's order.
Json config_of(const OptionsAccess& access, const void* options);

/// {module, class_name, config, registered_name} around a config.
Json keras_object(std::string_view module, std::string_view class_name, Json config);

/// The dtype of all that is computed here.
Json float32_policy();

/// The text of a member, which is within the limits of reading. Errors: OptionError.
std::string json_text(const Json& json, const std::string& member);

/// The name of a thing that is none of Keras's: its class, or the function that it is.
/// Errors: FileError for a name that Keras does not allow.
std::string foreign_name(const JsonAt& at);

/// A name that Keras allows: at most 512 bytes, without slashes and control characters.
bool is_plain_name(std::string_view name);

/// Such a name. Errors: FileError.
std::string read_name(const JsonAt& at);

/// Errors: FileError when `config` has `name` with another value.
void check_fixed(const JsonAt& config, std::string_view name, const FixedValue& value);

/// Options out of a config: every key must be known and in range.
/// Errors: FileError, naming the place in the file.
std::shared_ptr<void> read_options(const OptionsAccess& access, const JsonAt& config);

/// A layer's config, named `name`, its inner layers included; and its object without build_config.
Json layer_config(const Layer& layer, const std::string& name);

/// The layer of an object {class_name, config}. Errors: FileError.
Layer read_layer(const JsonAt& at);

/// The whole config.json of a built model.
Json model_config(const ModelData& data);

/// The layers of a config.json; gives the shapes of samples, if it says them.
/// Errors: FileError.
std::vector<Shape> read_model_config(const JsonAt& config, ModelData& data);

/// Keras's compile_config.
Json compile_config(const Compiled& compiled);

/// Compiles as compile_config says. Errors: FileError when something in it is not supported.
void read_compile_config(const JsonAt& config, ModelData& data);

}  // namespace engram::io
