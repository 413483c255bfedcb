// SPDX-License-Identifier: Apache-2.0
/// Models in files: Keras's .keras (read and written, with optimizer state) and .weights.h5.
///
/// Example: save_model(model, "stock.keras");  Model again = load_model("stock.keras");
#pragma once

#include <functional>
#include <string>

#include "engram/model.hpp"

namespace engram {

/// Writes a .keras file that Keras 3 opens; the training state and notes lie in members that Keras
/// ignores. The file is the old one or the new one at every moment.
/// Errors: IoError when the system refuses; StateError for a model that is not built; OptionError
/// for another ending, and for names, notes or sizes that load_model would refuse.
void save_model(const Model& model, const std::string& filepath);

struct LoadOptions {
  bool compile = true;            ///< take the optimizer, loss and metrics of the file, if any
  bool allow_non_finite = false;  ///< accept NaN and infinite weights
  /// Gets a sentence for each loss, metric, optimizer, initializer, regularizer or constraint of
  /// the file that is none of Keras's. The model predicts all the same; what needs the thing, such
  /// as fit, says so.
  std::function<void(const std::string&)> warn = {};
};

/// Reads a .keras file of Keras 3 or of this library, or a folder by Keras's save(zipped=False).
/// Errors: FileError naming file, field, rule and value; nothing in the file can name code or a
/// path.
Model load_model(const std::string& filepath, const LoadOptions& options = {});

/// The weights (and optimizer slots, when compiled) alone, as Keras's .weights.h5.
void save_weights(const Model& model, const std::string& filepath);

/// Errors: FileError when number or shapes of the weights are not the model's, which then stays as
/// it was.
void load_weights(Model& model, const std::string& filepath);

/// Every trainable weight as text: name, shape, all its values, as the chapter's programs write it.
void write_weights_txt(const Model& model, const std::string& filepath);

}  // namespace engram
