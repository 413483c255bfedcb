// SPDX-License-Identifier: Apache-2.0
/// Initializers to and from Keras's config.json.
#pragma once

#include "io/config.hpp"

namespace engram::io {

/// The config of one that is Keras's own.
Json initializer_config(const Initializer& value);

/// The initializer that a name or an object {class_name, config} says. Errors: FileError.
Initializer read_initializer(const JsonAt& at);

}  // namespace engram::io
