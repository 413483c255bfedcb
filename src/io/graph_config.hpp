// SPDX-License-Identifier: Apache-2.0
/// Functional models to and from Keras's config.json, and the layers of any model.
#pragma once

#include "io/config.hpp"

namespace engram::io {

/// [null, 60, 1] for samples of shape (60, 1), and back. Errors: FileError.
Json batch_shape(const Shape& sample);
Shape read_batch_shape(const JsonAt& at);

Json float32_policy();

/// An InputLayer.
Json input_object(const std::string& name, const Shape& sample);

/// A layer of a model; `input` is the shape that an InputLayer declares.
Json layer_object(const NetworkNode& node, const Shape& input);

/// A layer, InputLayers included. Errors: FileError.
Layer read_any_layer(const JsonAt& at);

/// The object of a functional model, without compile_config.
Json graph_config(const ModelData& data);

/// The graph of a functional model's config. Errors: FileError.
void read_graph_config(const JsonAt& config, ModelData& data);

}  // namespace engram::io
