// SPDX-License-Identifier: Apache-2.0
/// The options that all losses of Keras have, in the order of its config.
#pragma once

#include <optional>
#include <string>

#include "parts/loss_spec.hpp"

namespace engram {

inline void visit_loss_options(OptionVisitor& v,
                               const std::string& name,
                               std::optional<std::string>& reduction) {
  v.ignored("name", name);
  v.option("reduction", reduction, kReductions);
}

/// LossSpec::reduction of options that have the field.
template <class Options>
const std::optional<std::string>& reduction_option(const void* options) {
  return options_as<Options>(options).reduction;
}

}  // namespace engram
