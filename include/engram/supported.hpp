// SPDX-License-Identifier: Apache-2.0
/// Which of Keras's layers, options, losses and so on this build knows, out of its own tables.
///
/// Example: for (const SupportedKind& kind : supported_kinds()) { puts(kind.class_name.c_str()); }
#pragma once

#include <string>
#include <vector>

namespace engram {

/// How far an option of Keras goes here.
enum class OptionSupport {
  any,        ///< every value of Keras's within the rules of its kind
  one_value,  ///< SupportedOption::value only; another one is refused
  ignored,    ///< any value is taken, and changes nothing
  call,       ///< an argument of the layer's call in Keras, an option here
  extra       ///< not Keras's: it refuses files that hold it, which those with its default do not
};

struct SupportedOption {
  std::string name;
  OptionSupport support = OptionSupport::any;
  std::string value = "";  ///< as Python writes it
};

struct SupportedKind {
  std::string module;      ///< Keras's, "keras.layers"
  std::string class_name;  ///< "LSTM"; of activations the function's name, "tanh"
  std::vector<SupportedOption> options = {};
};

/// Layers, activations, initializers, regularizers, constraints, losses, metrics, optimizers and
/// learning rate schedules, each family in the order of its table.
std::vector<SupportedKind> supported_kinds();

}  // namespace engram
