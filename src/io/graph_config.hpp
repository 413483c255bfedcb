// SPDX-License-Identifier: Apache-2.0
/// Functional models to and from Keras's config.json.
#pragma once

#include "io/config.hpp"

namespace engram::io {

/// What the config of a model says, or that of a model in it.
struct ModelView {
  const std::string& name;
  bool is_graph = false, trainable = true;
  const Network& network;
  const std::vector<Shape>& inputs;
  std::optional<std::int64_t> batch_size;  ///< that shapes show
};

/// The object of a model, without compile_config; and that of a functional one.
Json model_object(const ModelView& model);
Json graph_config(const ModelView& model);

/// The layers of a model's object, of which a model's is one; gives the shapes of samples, if it
/// says them. Errors: FileError.
std::vector<Shape> read_model_object(const JsonAt& object, ModelData& data, int depth);

/// The graph of a functional model's config. Errors: FileError.
void read_graph_config(const JsonAt& config, ModelData& data, int depth);

}  // namespace engram::io
