// SPDX-License-Identifier: Apache-2.0
/// Functional models to and from Keras's config.json, and the layers of any model.
#pragma once

#include "io/config.hpp"

namespace engram::io {

/// [null, 60, 1] for samples of shape (60, 1), or with the batch size first.
Json batch_shape(const Shape& sample, std::optional<std::int64_t> batch_size = {});

/// The sample's shape of it. Errors: FileError.
Shape read_batch_shape(const JsonAt& at);

/// The batch size that a model's shapes show.
std::optional<std::int64_t> shown_batch_size(const ModelData& data);

Json float32_policy();

/// An InputLayer.
Json input_object(const std::string& name,
                  const Shape& sample,
                  std::optional<std::int64_t> batch_size);

/// A layer of a model; `input` is the shape that an InputLayer declares.
Json layer_object(const NetworkNode& node, const Shape& input);

/// A layer, InputLayers included. Errors: FileError.
Layer read_any_layer(const JsonAt& at);

/// The object of a functional model, without compile_config.
Json graph_config(const ModelData& data);

/// The graph of a functional model's config. Errors: FileError.
void read_graph_config(const JsonAt& config, ModelData& data);

}  // namespace engram::io
