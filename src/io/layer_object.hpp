// SPDX-License-Identifier: Apache-2.0
/// The layers of a model in Keras's config.json, InputLayers and nested models among them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/config.hpp"

namespace engram::io {

/// [null, 60, 1] for samples of shape (60, 1), or with the batch size first.
Json batch_shape(const Shape& sample, std::optional<std::int64_t> batch_size = {});

/// The sample's shape of it. Errors: FileError.
Shape read_batch_shape(const JsonAt& at);

/// An InputLayer.
Json input_object(const std::string& name,
                  const Shape& sample,
                  std::optional<std::int64_t> batch_size,
                  const std::string& dtype = "float32");

/// A layer of a model, which may be a model; `inputs` are the shapes of what it takes.
Json layer_object(const NetworkNode& node,
                  const std::vector<Shape>& inputs,
                  std::optional<std::int64_t> batch_size);

/// A layer, InputLayers and models included; `depth` models lie around it. Errors: FileError.
Layer read_any_layer(const JsonAt& at, int depth);

/// The options of a layer that are arguments of its calls.
std::map<std::string, bool, std::less<>> call_options(const Layer& layer);

}  // namespace engram::io
