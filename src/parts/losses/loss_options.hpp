// SPDX-License-Identifier: Apache-2.0
/// The options that all losses of Keras have, in the order of its config.
#pragma once

#include <string>

#include "parts/options.hpp"

namespace engram {

inline void visit_loss_options(OptionVisitor& v, const std::string& name) {
  v.ignored("name", name);
  v.fixed("reduction", "sum_over_batch_size");
}

}  // namespace engram
