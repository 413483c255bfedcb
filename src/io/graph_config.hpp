// SPDX-License-Identifier: Apache-2.0
/// Functional models to and from Keras's config.json, and the layers of any model.
#pragma once

#include "io/config.hpp"

namespace engram::io {

/// [null, 60, 1] for samples of shape (60, 1), or with the batch size first.
Json batch_shape(const Shape& sample, std::optional<std::int64_t> batch_size = {});

/// The sample's shape of it. Errors: FileError.
Shape read_batch_shape(const JsonAt& at);

/// What the config of a model says, or that of a model in it.
struct ModelView {
  const std::string& name;
  bool is_graph = false, trainable = true;
  const Network& network;
  const std::vector<Shape>& inputs;
  std::optional<std::int64_t> batch_size;  ///< that shapes show
};

Json float32_policy();

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

/// The object of a model, without compile_config; and that of a functional one.
Json model_object(const ModelView& model);
Json graph_config(const ModelView& model);

/// The layers of a model's object, of which a model's is one; gives the shapes of samples, if it
/// says them. Errors: FileError.
std::vector<Shape> read_model_object(const JsonAt& object, ModelData& data, int depth);

/// The graph of a functional model's config. Errors: FileError.
void read_graph_config(const JsonAt& config, ModelData& data, int depth);

}  // namespace engram::io
